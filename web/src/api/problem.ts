/**
 * A refusal or failure as the page knows it. The server sends RFC 9457 `application/problem+json` with a stable
 * `code`; whatever else comes back (a proxy's HTML, no network) gets a code of the page's own.
 */
export class ApiProblem extends Error {
  override readonly name = "ApiProblem";
  constructor(
    /** Stable machine code, such as `stale_revision`; `offline` and `unexpected` are made here. */
    readonly code: string,
    /** HTTP status; 0 when no answer came. */
    readonly status: number,
    /** One sentence from the server. */
    readonly detail: string,
    /** The place in what was sent, such as `annotations[3].shape.w`. */
    readonly place?: string,
    /** Seconds after which trying again makes sense (Retry-After). */
    readonly retryAfter?: number,
  ) {
    super(detail || code);
  }

  /** Worth trying again without a change: the server or the way to it was in trouble. */
  get transient(): boolean {
    return this.status === 0 || this.status === 502 || this.status === 503 || this.status === 504;
  }
}

/** Most characters kept of an unexpected body, so that an error page does not flood the screen. */
const BODY_SHOWN_CHARS = 200;

/** Reads the problem out of an answer that is not ok. Never throws. */
export async function problemFrom(response: Response): Promise<ApiProblem> {
  const retry = Number(response.headers.get("retry-after"));
  const retryAfter = Number.isFinite(retry) && retry > 0 ? retry : undefined;
  let text = "";
  try {
    text = await response.text();
  } catch {
    // The connection broke inside the body: the status alone has to do.
  }
  return problemFromText(response.status, response.headers.get("content-type") ?? "", text, retryAfter);
}

/** The same from its parts; uploads come through XMLHttpRequest and have no Response. */
export function problemFromText(
  status: number,
  contentType: string,
  text: string,
  retryAfter?: number,
): ApiProblem {
  if (contentType.includes("json")) {
    try {
      const body: unknown = JSON.parse(text);
      if (typeof body === "object" && body !== null && "code" in body && typeof body.code === "string") {
        const get = (key: string) => {
          const value = (body as Record<string, unknown>)[key];
          return typeof value === "string" ? value : undefined;
        };
        return new ApiProblem(
          body.code,
          status,
          get("detail") ?? get("title") ?? "",
          get("place"),
          retryAfter,
        );
      }
    } catch {
      // Not JSON after all; fall through.
    }
  }
  const code = status === 401 ? "signed_out" : status === 404 ? "not_found" : "unexpected";
  return new ApiProblem(code, status, text.slice(0, BODY_SHOWN_CHARS), undefined, retryAfter);
}

/** Any thrown thing as a problem, so that one component shows them all. */
export function asProblem(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error;
  const text = error instanceof Error ? error.message : String(error);
  // A page whose chunk is gone: the server was updated while this one was open.
  if (/dynamically imported module|module script failed|preload CSS/i.test(text))
    return new ApiProblem("new_version", 0, "");
  return new ApiProblem("unexpected", 0, text);
}
