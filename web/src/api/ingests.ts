/** Bringing data in: one upload with progress, and what became of earlier ones. */
import { queryOptions } from "@tanstack/react-query";
import { api, apiUrl, list, path, reportSignedOut } from "./client";
import { ApiProblem, problemFromText } from "./problem";
import type { Ingest, IngestDetail, IngestResult, Page } from "./types";

export const ingestsQuery = (project: string) =>
  queryOptions({
    queryKey: ["ingests", project],
    queryFn: async ({ signal }) =>
      list(await api.get<Ingest[] | Page<Ingest>>(path`/projects/${project}/ingests`, undefined, signal)),
  });

export const ingestQuery = (project: string, id: string) =>
  queryOptions({
    queryKey: ["ingests", project, id],
    queryFn: ({ signal }) => api.get<IngestDetail>(path`/ingests/${id}`, undefined, signal),
  });

/** A file with the name it is sent under: the path inside the dropped folder, with `/`. */
export type NamedFile = { name: string; file: File };

export type Upload = { done: Promise<IngestResult>; cancel: () => void };

/**
 * Sends everything as one request: a study or a driving frame is made of several files, and cutting the set into
 * several ingests could cut through one of them. XMLHttpRequest, because fetch reports no upload progress.
 */
export function upload(project: string, files: NamedFile[], onProgress: (sentBytes: number) => void): Upload {
  const form = new FormData();
  for (const { name, file } of files) form.append("files", file, name);
  const request = new XMLHttpRequest();
  const done = new Promise<IngestResult>((resolve, reject) => {
    request.open("POST", apiUrl(path`/projects/${project}/ingest`));
    request.setRequestHeader("X-Countersign", "1");
    request.setRequestHeader("Accept", "application/json");
    request.upload.onprogress = (event) => onProgress(event.loaded);
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) {
        try {
          resolve(JSON.parse(request.responseText) as IngestResult);
        } catch {
          reject(new ApiProblem("unexpected", request.status, "The server's answer was cut short."));
        }
        return;
      }
      if (request.status === 401) reportSignedOut();
      const type = request.getResponseHeader("content-type") ?? "";
      reject(problemFromText(request.status, type, request.responseText));
    };
    request.onerror = () =>
      reject(new ApiProblem("offline", 0, "The connection broke. Files that arrived are not stored twice."));
    request.onabort = () => reject(new ApiProblem("cancelled", 0, "Upload stopped."));
    request.send(form);
  });
  return { done, cancel: () => request.abort() };
}
