/** The frozen labels over a picture, in its own pixels. */
import type { ShownUnit } from "@/api/quality";
import type { OntologyClass } from "@/api/types";

type Props = {
  shown: ShownUnit;
  classes: OntologyClass[];
  frame: number;
  size: { width: number; height: number };
};

export function LabelOverlay({ shown, classes, frame, size }: Props) {
  const place = shown.places[frame];
  const here = shown.annotations.filter(
    ({ frame: at }) => at && place && at.stream === place.stream && at.index === place.index,
  );
  const stroke = Math.max(size.width, size.height) / 300;
  return (
    <svg viewBox={`0 0 ${size.width} ${size.height}`} preserveAspectRatio="xMidYMid meet" aria-hidden="true">
      {here.map(({ id, class: named, shape }) => {
        const color = classes.find((one) => one.id === named)?.color ?? "#fff";
        const line = { fill: "none", stroke: color, strokeWidth: stroke };
        if (shape.type === "box")
          return <rect key={id} x={shape.x} y={shape.y} width={shape.w} height={shape.h} {...line} />;
        if (shape.type === "polygon")
          return (
            <polygon key={id} points={shape.points.map((point) => point.join(",")).join(" ")} {...line} />
          );
        return null;
      })}
    </svg>
  );
}
