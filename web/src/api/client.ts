/**
 * The one way to the server: same-origin session cookie, the header that a cross-site form cannot send, JSON both
 * ways, problem+json as ApiProblem, ETag and If-Match for the writes that need them.
 */
import { ApiProblem, problemFrom } from "./problem";
import type { Page } from "./types";

export const API = "/api/v1";

type QueryValue = string | number | boolean | null | undefined;
export type Query = Record<string, QueryValue>;
export type Options = {
  query?: Query;
  body?: unknown;
  /** Bytes as they are, instead of JSON. */
  bytes?: Blob;
  /** Revision that the change was made against; sent as a strong entity tag. */
  ifMatch?: number | string;
  signal?: AbortSignal;
};
export type Answer<T> = { data: T; etag: string | null };

/** `/items` + `{held: true}` -> `/api/v1/items?held=true`; empty and absent values are left out. */
export function apiUrl(path: string, query?: Query): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== null && value !== "") search.set(key, String(value));
  }
  const tail = search.toString();
  return `${API}${path}${tail ? `?${tail}` : ""}`;
}

/** Puts ids into a path: path`/items/${id}` cannot be broken out of by a strange id. */
export function path(strings: TemplateStringsArray, ...values: (string | number)[]): string {
  return strings.reduce((all, part, i) => {
    const value = values[i];
    return all + part + (value === undefined ? "" : encodeURIComponent(String(value)));
  }, "");
}

/** Called on every 401 outside of signing in itself, so that the page can ask to sign in again in place. */
let signedOut: () => void = () => {};
export function onSignedOut(handler: () => void): void {
  signedOut = handler;
}
export function reportSignedOut(): void {
  signedOut();
}

/** A list that may come bare or as one page of a keyset list. */
export const list = <T>(answer: T[] | Page<T>): T[] => (Array.isArray(answer) ? answer : answer.items);

/** The request itself: a lost connection and every answer that is not ok become an ApiProblem. */
async function request(method: string, route: string, accept: string, options: Options): Promise<Response> {
  const headers: Record<string, string> = { Accept: accept };
  if (method !== "GET") headers["X-Countersign"] = "1";
  if (options.body !== undefined) headers["Content-Type"] = "application/json";
  if (options.bytes !== undefined) headers["Content-Type"] = "application/octet-stream";
  if (options.ifMatch !== undefined) headers["If-Match"] = `"${options.ifMatch}"`;
  let response: Response;
  try {
    response = await fetch(apiUrl(route, options.query), {
      method,
      headers,
      credentials: "same-origin",
      body: options.bytes ?? (options.body === undefined ? undefined : JSON.stringify(options.body)),
      signal: options.signal,
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiProblem("offline", 0, "The server did not answer.");
  }
  if (!response.ok) {
    const problem = await problemFrom(response);
    if (response.status === 401 && problem.code !== "bad_credentials") signedOut();
    throw problem;
  }
  return response;
}

export async function send<T>(method: string, route: string, options: Options = {}): Promise<Answer<T>> {
  const response = await request(method, route, "application/json", options);
  const etag = response.headers.get("etag");
  if (response.status === 204) return { data: undefined as T, etag };
  try {
    return { data: (await response.json()) as T, etag };
  } catch {
    throw new ApiProblem("unexpected", response.status, "The server's answer was cut short.");
  }
}

/** For the few routes that answer in plain text, such as the checkpoint of the log. */
export async function getText(route: string, signal?: AbortSignal): Promise<string> {
  return (await request("GET", route, "text/plain, application/json", { signal })).text();
}

async function data<T>(method: string, route: string, options?: Options): Promise<T> {
  return (await send<T>(method, route, options)).data;
}

export const api = {
  get: <T>(route: string, query?: Query, signal?: AbortSignal) => data<T>("GET", route, { query, signal }),
  post: <T>(route: string, body?: unknown, ifMatch?: number | string) =>
    data<T>("POST", route, { body: body ?? {}, ifMatch }),
  put: <T>(route: string, body: unknown, ifMatch?: number | string) =>
    data<T>("PUT", route, { body, ifMatch }),
  patch: <T>(route: string, body: unknown) => data<T>("PATCH", route, { body }),
  delete: <T = void>(route: string) => data<T>("DELETE", route),
};
