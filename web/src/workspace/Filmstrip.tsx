import { frameThumbUrl } from "@/api/items";
import type { Editor } from "@/canvas/editor";
import { useEditor } from "./hooks";
import styles from "./Workspace.module.css";

/** More frames than this are shown by number only: each thumbnail is an image that somebody is shown. */
const THUMBNAILS_MAX = 12;

/** The frames of a stream below the picture; a dot says that a frame has marks. */
export function Filmstrip(props: {
  item: string;
  stream: number;
  frames: number;
  current: number;
  editor: Editor;
  onChoose: (index: number) => void;
  /** Streams that have no pictures are shown by number. */
  thumbnails?: boolean;
}) {
  const { item, stream, frames, current, editor, onChoose, thumbnails = true } = props;
  useEditor(editor);
  return (
    <div className={styles.film} role="listbox" aria-label="Frames" aria-orientation="horizontal">
      {Array.from({ length: frames }, (_, index) => {
        const marks = editor.document.countOnFrame({ stream, index });
        return (
          <button
            // biome-ignore lint/suspicious/noArrayIndexKey: a frame is its index
            key={index}
            type="button"
            role="option"
            aria-selected={index === current}
            aria-label={`Frame ${index + 1}, ${marks} marks`}
            onClick={() => onChoose(index)}
          >
            {thumbnails && frames <= THUMBNAILS_MAX ? (
              <img src={frameThumbUrl(item, stream, index, "thumbnail")} alt="" loading="lazy" />
            ) : null}
            <span>{index + 1}</span>
            {marks > 0 ? <i aria-hidden="true" /> : null}
          </button>
        );
      })}
    </div>
  );
}
