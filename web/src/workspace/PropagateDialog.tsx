import { Button, Modal, NumberInput } from "@mantine/core";
import { useState } from "react";
import { PROPAGATE_MAX } from "@/canvas/tracks";
import side from "./Side.module.css";
import type { WorkSession } from "./session";

/** Frames that are offered the first time. */
const FRAMES_DEFAULT = 5;

/** How many frames the selection is copied to. */
export function PropagateDialog(props: {
  opened: boolean;
  onClose: () => void;
  session: WorkSession;
  onConfirm: (count: number) => void;
}) {
  const [count, setCount] = useState<number | string>(FRAMES_DEFAULT);
  const { editor } = props.session;
  const left = editor.frame ? editor.frameCount(editor.frame.stream) - 1 - editor.frame.index : 0;
  const most = Math.min(PROPAGATE_MAX, left);
  const ready = typeof count === "number" && count >= 1 && most >= 1;
  return (
    <Modal
      opened={props.opened}
      onClose={props.onClose}
      title="Copy to the next frames"
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) props.onConfirm(Math.min(most, count));
        }}
      >
        <p>
          {left === 0
            ? "This is the last frame."
            : "The copies make one track: move the last one, and those in between follow."}
        </p>
        <NumberInput
          label={`Frames, up to ${most}`}
          value={count}
          min={1}
          max={Math.max(1, most)}
          onChange={setCount}
          data-autofocus
          data-testid="propagate-count"
        />
        <div className={side.buttons}>
          <Button variant="default" onClick={props.onClose}>
            Cancel
          </Button>
          <Button type="submit" disabled={!ready} data-testid="propagate-confirm">
            Copy
          </Button>
        </div>
      </form>
    </Modal>
  );
}
