import { reportSignedOut } from "@/api/client";
import { problemFrom } from "@/api/problem";

/** Loads a picture of the server. Fails with the server's own refusal. */
export async function loadBitmap(url: string, signal?: AbortSignal): Promise<ImageBitmap> {
  const response = await fetch(url, { credentials: "same-origin", ...(signal ? { signal } : {}) });
  if (!response.ok) {
    if (response.status === 401) reportSignedOut();
    throw await problemFrom(response);
  }
  return createImageBitmap(await response.blob());
}
