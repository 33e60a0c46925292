import { reportSignedOut } from "@/api/client";
import { problemFrom } from "@/api/problem";
import { fetchFrame } from "./preload";

/** Loads a picture of the server. Fails with the server's own refusal. */
export async function loadBitmap(url: string, signal?: AbortSignal): Promise<ImageBitmap> {
  const response = await fetchFrame(url, signal);
  if (!response.ok) {
    if (response.status === 401) reportSignedOut();
    throw await problemFrom(response);
  }
  return createImageBitmap(await response.blob());
}
