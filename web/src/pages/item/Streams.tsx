/** The streams of an item as small pictures; one is opened to look through. Each picture shown is recorded. */
import { useState } from "react";
import { frameImageUrl, frameThumbUrl } from "@/api/items";
import type { Item, Stream } from "@/api/types";
import { plural, title } from "@/format";
import { FrameViewer } from "@/parts/FrameViewer";
import styles from "./Item.module.css";

const isPicture = (stream: Stream) => stream.kind !== "lidar" && stream.frames.length > 0;
const middle = (stream: Stream) => Math.floor(stream.frames.length / 2);

type ThumbProps = { item: Item; stream: Stream; index: number };

function Thumb({ item, stream, index }: ThumbProps) {
  const [failed, setFailed] = useState(false);
  if (!isPicture(stream)) return <span className={`${styles.thumb} ${styles.none}`}>Point cloud</span>;
  if (failed || !item.may_view_pixels)
    return <span className={`${styles.thumb} ${styles.none}`}>Not for you to see</span>;
  return (
    <img
      className={styles.thumb}
      src={frameThumbUrl(item.id, index, middle(stream), "thumbnail")}
      alt=""
      loading="lazy"
      onError={() => setFailed(true)}
    />
  );
}

export function Streams({ item }: { item: Item }) {
  const [open, setOpen] = useState<number | null>(null);
  const stream = open === null ? undefined : item.streams[open];
  return (
    <div className="stack">
      <div className={styles.streams}>
        {item.streams.map((one, index) => (
          <button
            key={`${index}/${one.name}`}
            type="button"
            className={styles.stream}
            aria-pressed={open === index}
            disabled={!isPicture(one) || !item.may_view_pixels}
            onClick={() => setOpen(open === index ? null : index)}
          >
            <Thumb item={item} stream={one} index={index} />
            <span>{title(one.name)}</span>
            <span className="dim">
              {one.kind} · {plural(one.frames.length, "frame")}
            </span>
          </button>
        ))}
      </div>
      {stream && open !== null ? (
        <FrameViewer
          key={open}
          url={(frame) => frameImageUrl(item.id, open, frame)}
          frames={stream.frames.length}
          label={stream.name}
          start={middle(stream)}
        />
      ) : null}
    </div>
  );
}
