/** How far a bound is from its target, to look at: found, at most, target on one line. The numbers stand beside it. */
import type { Certification } from "@/api/quality";
import styles from "./Quality.module.css";
import { atMost } from "./words";

const WIDTH = 600;
const HEIGHT = 34;
const PAD = 2;

export function BoundBar({ certification }: { certification: Certification }) {
  const { overall, target } = certification;
  if (!overall) return null;
  // The line ends where both fit with some room; a bound near the whole set is cut at its end.
  const end = Math.min(1, Math.max(target * 3, overall.share * 1.15));
  const at = (share: number) => PAD + (Math.min(share, end) / end) * (WIDTH - 2 * PAD);
  const found = overall.found / overall.lot;
  return (
    <svg
      className={styles.bar}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      role="img"
      aria-label={`Found ${atMost(found)}, at most ${atMost(overall.share)}, target ${atMost(target)}`}
    >
      <rect className={styles.rail} x={PAD} y={10} width={WIDTH - 2 * PAD} height={10} rx={3} />
      <rect className={styles.upto} x={PAD} y={10} width={at(overall.share) - PAD} height={10} rx={3} />
      <rect className={styles.found} x={PAD} y={10} width={Math.max(0, at(found) - PAD)} height={10} rx={3} />
      <line className={styles.target} x1={at(target)} x2={at(target)} y1={4} y2={26} />
      <text className={styles.word} x={Math.min(at(target) + 4, WIDTH - 90)} y={33}>
        target {atMost(target)}
      </text>
    </svg>
  );
}
