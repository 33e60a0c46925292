/** Marks as they were handed in (solid) and as a reviewer left them (dashed) over one picture, in its own pixels. */
import { useState } from "react";
import type { AppealCase } from "@/api/appeals";
import type { FrameRef, OntologyClass } from "@/api/types";
import styles from "./MarksOver.module.css";

type Mark = AppealCase["read"][number];

type Props = {
  url: string;
  frame: FrameRef;
  read: Mark[];
  reviewed: Mark[];
  classes: OntologyClass[];
};

const onFrame = (mark: Mark, frame: FrameRef) =>
  mark.frame?.stream === frame.stream && mark.frame.index === frame.index;

function Outline({
  mark,
  stroke,
  dashed,
  color,
}: {
  mark: Mark;
  stroke: number;
  dashed: boolean;
  color: string;
}) {
  const { shape } = mark;
  const line = {
    fill: "none",
    stroke: color,
    strokeWidth: stroke,
    strokeDasharray: dashed ? `${stroke * 4} ${stroke * 3}` : undefined,
  };
  if (shape.type === "box")
    return <rect x={shape.x} y={shape.y} width={shape.w} height={shape.h} {...line} />;
  if (shape.type === "ellipse")
    return <ellipse cx={shape.cx} cy={shape.cy} rx={shape.rx} ry={shape.ry} {...line} />;
  if (shape.type === "polygon")
    return <polygon points={shape.points.map((point) => point.join(",")).join(" ")} {...line} />;
  if (shape.type === "polyline")
    return <polyline points={shape.points.map((point) => point.join(",")).join(" ")} {...line} />;
  return null;
}

export function MarksOver({ url, frame, read, reviewed, classes }: Props) {
  const [size, setSize] = useState<{ width: number; height: number } | null>(null);
  const color = (mark: Mark) => classes.find((one) => one.id === mark.class)?.color ?? "#ffffff";
  const stroke = size ? Math.max(size.width, size.height) / 300 : 1;
  return (
    <figure className={styles.figure}>
      <div className={styles.picture}>
        <img
          src={url}
          alt="What the appeal is about"
          onLoad={({ currentTarget: { naturalWidth: width, naturalHeight: height } }) =>
            setSize({ width, height })
          }
        />
        {size ? (
          <svg
            viewBox={`0 0 ${size.width} ${size.height}`}
            preserveAspectRatio="xMidYMid meet"
            aria-hidden="true"
          >
            {reviewed
              .filter((mark) => onFrame(mark, frame))
              .map((mark) => (
                <Outline key={mark.id} mark={mark} stroke={stroke} dashed color={color(mark)} />
              ))}
            {read
              .filter((mark) => onFrame(mark, frame))
              .map((mark) => (
                <Outline key={mark.id} mark={mark} stroke={stroke} dashed={false} color={color(mark)} />
              ))}
          </svg>
        ) : null}
      </div>
      <figcaption className="dim">
        Solid: as it was handed in. Dashed: as the reviewer left it. That you were shown this is recorded.
      </figcaption>
    </figure>
  );
}
