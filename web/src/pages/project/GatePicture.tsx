/**
 * A picture at the gate: the cleaned copy, the source, or both beside each other. The source is asked for only when
 * somebody wants to see it: each look is on record. Masks are outlined; new ones are drawn with the mouse or the keys.
 */
import { useQueryClient } from "@tanstack/react-query";
import { type PointerEvent, useRef, useState } from "react";
import { gateImageUrl } from "@/api/gate";
import { meQuery } from "@/api/session";
import type { GateEntry, GateMask, GateProposal, MaskRect } from "@/api/types";
import styles from "./Gate.module.css";
import { type Drawing, type Point, rectBetween, type Size, toPicture } from "./gate-masks";

export type View = "after" | "before" | "both";
type Side = "before" | "after";

const WORDS: Record<Side, string> = { before: "Before: the source", after: "After: the cleaned copy" };

type Props = {
  entry: GateEntry;
  frame: number;
  view: View;
  masks: GateMask[];
  /** What cuboids suggest and no mask covers: outlined, and nothing is hidden by it. */
  proposals: GateProposal[];
  size: Size | null;
  onSize: (size: Size) => void;
  drawing: Drawing | null;
  /** A mask drawn with the mouse. */
  onDrawn: (rect: MaskRect) => void;
};

export function GatePicture(props: Props) {
  const sides: Side[] = props.view === "both" ? ["before", "after"] : [props.view];
  return (
    <div className={styles.sides} data-both={props.view === "both"}>
      {sides.map((side) => (
        <Stage key={side} side={side} {...props} />
      ))}
    </div>
  );
}

function Stage({ entry, frame, side, size, onSize, ...over }: Props & { side: Side }) {
  const source = gateImageUrl(entry.id, frame, side, entry.revision);
  const [state, setState] = useState<{ source: string; is: "shown" | "failed" } | null>(null);
  const client = useQueryClient();
  const is = state?.source === source ? state.is : "loading";
  return (
    <figure className={styles.side}>
      <figcaption className={styles.caption} data-side={side}>
        {WORDS[side]}
      </figcaption>
      <div className={styles.stage}>
        {is === "failed" ? (
          <span className={styles.say} role="alert">
            This picture could not be shown.
          </span>
        ) : (
          <img
            src={source}
            alt={`${entry.name}, frame ${frame + 1} of ${entry.frames}, ${side} cleaning`}
            draggable={false}
            onLoad={(event) => {
              const { naturalWidth: width, naturalHeight: height } = event.currentTarget;
              onSize({ width, height });
              setState({ source, is: "shown" });
            }}
            onError={() => {
              setState({ source, is: "failed" });
              // A picture cannot say why it failed; the session can, and asks to sign in again if that is it.
              client.refetchQueries({ queryKey: meQuery.queryKey, exact: true });
            }}
          />
        )}
        {is === "loading" ? (
          <span className={styles.say} role="status">
            Loading…
          </span>
        ) : null}
        {size && is === "shown" ? <Overlay size={size} {...over} /> : null}
      </div>
    </figure>
  );
}

function Overlay({
  size,
  masks,
  proposals,
  drawing,
  onDrawn,
}: { size: Size } & Pick<Props, "masks" | "proposals" | "drawing" | "onDrawn">) {
  const [drag, setDrag] = useState<{ from: Point; to: Point } | null>(null);
  const box = useRef<SVGSVGElement>(null);
  const at = (event: PointerEvent): Point => {
    const place = box.current?.getBoundingClientRect();
    if (!place) return [0, 0];
    return toPicture([event.clientX - place.left, event.clientY - place.top], place, size);
  };
  const held = drag ?? (drawing?.corner ? { from: drawing.corner, to: drawing.at } : null);
  const shape = held ? rectBetween(held.from, held.to, size) : null;
  return (
    <svg
      ref={box}
      className={styles.overlay}
      data-drawing={drawing !== null}
      data-testid="gate-overlay"
      viewBox={`0 0 ${size.width} ${size.height}`}
      aria-hidden="true"
      onPointerDown={(event) => {
        if (!drawing || event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        setDrag({ from: at(event), to: at(event) });
      }}
      onPointerMove={(event) => {
        if (drag) setDrag({ ...drag, to: at(event) });
      }}
      onPointerUp={(event) => {
        if (!drag) return;
        const rect = rectBetween(drag.from, at(event), size);
        setDrag(null);
        if (rect) onDrawn(rect);
      }}
      onPointerCancel={() => setDrag(null)}
    >
      {masks.map((mask) => (
        <rect
          key={mask.id}
          {...mask.rect}
          className={styles.mask}
          data-by={"detector" in mask.origin ? "model" : "person"}
        />
      ))}
      {proposals.map(({ rect, kind }) => (
        <rect
          key={`${kind} ${rect.x} ${rect.y} ${rect.width} ${rect.height}`}
          {...rect}
          className={styles.proposal}
          data-testid="gate-proposal"
        />
      ))}
      {shape ? <rect {...shape} className={styles.draft} /> : null}
      {drawing && !drag ? (
        <path
          className={styles.cross}
          d={`M0 ${drawing.at[1]}H${size.width}M${drawing.at[0]} 0V${size.height}`}
        />
      ) : null}
    </svg>
  );
}
