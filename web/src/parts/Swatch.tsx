/** A class colour. Set through the DOM property: the content policy allows that, but no style attribute in markup. */
import styles from "./bits.module.css";

export function Swatch({ color }: { color: string }) {
  return <span className={styles.swatch} style={{ background: color }} aria-hidden="true" />;
}
