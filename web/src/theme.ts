/**
 * Look of the Mantine parts. Colours live in `app.css` as CSS variables, because the server's content policy
 * allows style sheets but no inline `<style>`; here are only sizes and default props.
 */
import {
  Button,
  Checkbox,
  createTheme,
  Modal,
  PasswordInput,
  Select,
  Textarea,
  TextInput,
  Tooltip,
} from "@mantine/core";

export const theme = createTheme({
  primaryColor: "blue",
  cursorType: "pointer",
  respectReducedMotion: true,
  components: {
    Button: Button.extend({ defaultProps: { size: "sm" } }),
    TextInput: TextInput.extend({ defaultProps: { size: "sm" } }),
    PasswordInput: PasswordInput.extend({ defaultProps: { size: "sm" } }),
    Textarea: Textarea.extend({ defaultProps: { size: "sm" } }),
    Select: Select.extend({ defaultProps: { size: "sm", allowDeselect: false, checkIconPosition: "right" } }),
    Checkbox: Checkbox.extend({ defaultProps: { size: "sm" } }),
    // lockScroll writes a <style> element at run time, which the content policy refuses; modals are fixed anyway.
    Modal: Modal.extend({
      defaultProps: { lockScroll: false, centered: true, transitionProps: { duration: 0 } },
    }),
    Tooltip: Tooltip.extend({
      defaultProps: { openDelay: 400, transitionProps: { duration: 0 }, withArrow: false },
    }),
  },
});
