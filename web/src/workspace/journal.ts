import type { Journal, JournalEntry } from "./autosave";

const DATABASE = "countersign";
const STORE = "journal";
const PREFIX = "countersign.journal.";

/**
 * Unsaved changes of one person's read, in this browser. They hold coordinates and class names, never a pixel
 * or a patient's name, and are taken away as soon as the server has them.
 */
export function openJournal(user: string, read: string): Journal {
  const key = `${user}:${read}`;
  const fallback = localJournal(key);
  if (typeof indexedDB === "undefined") return fallback;
  let database: Promise<IDBDatabase> | null = null;
  const open = () => {
    database ??= openDatabase();
    return database;
  };
  let last: Promise<void> = Promise.resolve();
  return {
    load: async () => {
      try {
        return (
          (await request<JournalEntry | undefined>(
            (await open()).transaction(STORE).objectStore(STORE).get(key),
          )) ?? (await fallback.load())
        );
      } catch {
        return fallback.load();
      }
    },
    // One after the other: an older state must never be written over a newer one.
    store: (entry) => {
      last = last.then(async () => {
        try {
          const store = (await open()).transaction(STORE, "readwrite").objectStore(STORE);
          await request(entry ? store.put(entry, key) : store.delete(key));
          if (!entry) await fallback.store(null);
        } catch {
          await fallback.store(entry);
        }
      });
      return last;
    },
  };
}

function openDatabase(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(DATABASE, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
    opening.onblocked = () => reject(new Error("the journal is blocked by another window"));
  });
}

function request<T>(running: IDBRequest): Promise<T> {
  return new Promise((resolve, reject) => {
    running.onsuccess = () => resolve(running.result as T);
    running.onerror = () => reject(running.error);
  });
}

/** For browsers without IndexedDB. */
export function localJournal(
  key: string,
  storage: Pick<Storage, "getItem" | "setItem" | "removeItem"> | undefined = globalThis.localStorage,
): Journal {
  return {
    load: async () => {
      const text = storage?.getItem(PREFIX + key);
      if (!text) return null;
      try {
        const entry = JSON.parse(text) as JournalEntry;
        return Array.isArray(entry.changes) ? entry : null;
      } catch {
        return null;
      }
    },
    store: async (entry) => {
      if (entry) storage?.setItem(PREFIX + key, JSON.stringify(entry));
      else storage?.removeItem(PREFIX + key);
    },
  };
}
