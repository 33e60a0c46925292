import { differenceHeat } from "./difference";
import type { Editor } from "./editor";
import { BitmapSource, type ImageSource } from "./image-layer";
import { ImagePane } from "./image-pane";
import type { ActionId } from "./keymap";
import { Stage } from "./stage";
import { createTools } from "./tools";

/** `template`: the blink, the template in the place of the test image. */
export type PartView = "test" | "template" | "difference";

export interface PartOptions {
  /** Where the test image is drawn on. */
  container: HTMLElement;
  /** Where the template lies beside it; absent for plain images. */
  beside?: HTMLElement | null;
  editor: Editor;
  label: string;
}

/** A part on the stage, its template beside it in the same place and magnification, blink and difference. */
export class PartViewer {
  readonly stage: Stage;
  private readonly pane: ImagePane | null;
  private readonly listeners = new Set<(view: PartView) => void>();
  private images: { test: ImageBitmap; template: ImageBitmap | null } | null = null;
  private heat: ImageSource | null = null;
  private shown: PartView = "test";

  constructor(options: PartOptions) {
    this.stage = new Stage({
      container: options.container,
      editor: options.editor,
      tools: createTools({ greyscale: false }),
      label: options.label,
    });
    this.pane = options.beside ? new ImagePane(options.beside, "Template") : null;
    const { pane } = this;
    if (!pane) return;
    this.stage.viewport.subscribe(() => pane.viewport.copy(this.stage.viewport));
    pane.viewport.subscribe(() => this.stage.viewport.copy(pane.viewport));
  }

  get view(): PartView {
    return this.shown;
  }

  get hasTemplate(): boolean {
    return this.images?.template !== null && this.images !== null;
  }

  subscribe(listener: (view: PartView) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  setImages(test: ImageBitmap, template: ImageBitmap | null): void {
    this.images = { test, template };
    this.heat = null;
    this.pane?.setImage(template ? new BitmapSource(template) : null);
    this.show("test");
    if (this.pane) this.pane.viewport.copy(this.stage.viewport);
  }

  show(view: PartView): void {
    if (!this.images) return;
    const { test, template } = this.images;
    this.shown = template ? view : "test";
    if (this.shown === "template" && template) this.stage.setImage(new BitmapSource(template));
    else if (this.shown === "difference" && template) this.stage.setImage(this.difference(test, template));
    else this.stage.setImage(new BitmapSource(test));
    for (const listener of this.listeners) listener(this.shown);
  }

  perform(action: ActionId): boolean {
    if (action === "part.blink") this.show(this.shown === "template" ? "test" : "template");
    else if (action === "part.difference") this.show(this.shown === "difference" ? "test" : "difference");
    else return this.stage.perform(action);
    return true;
  }

  destroy(): void {
    this.pane?.destroy();
    this.stage.destroy();
    this.images?.test.close();
    this.images?.template?.close();
  }

  private difference(test: ImageBitmap, template: ImageBitmap): ImageSource {
    if (this.heat) return this.heat;
    const { width, height } = test;
    const read = (bitmap: ImageBitmap) => {
      const canvas = document.createElement("canvas");
      canvas.width = width;
      canvas.height = height;
      const g = canvas.getContext("2d", { willReadFrequently: true }) as CanvasRenderingContext2D;
      g.drawImage(bitmap, 0, 0);
      return { canvas, g, image: g.getImageData(0, 0, width, height) };
    };
    const a = read(test);
    const b = read(template);
    const out = a.g.createImageData(width, height);
    differenceHeat(a.image.data, b.image.data, out.data);
    a.g.putImageData(out, 0, 0);
    this.heat = new BitmapSource(a.canvas);
    return this.heat;
  }
}
