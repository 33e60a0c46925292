/** Ways out of rework: what an owner decides about an item that came back too often, and a task freed for anybody. */
import { Button } from "@mantine/core";
import { useState } from "react";
import { type OwnerDecision, useReworkActions } from "@/api/items";
import type { Item } from "@/api/types";
import { ReasonDialog } from "@/parts/ReasonDialog";
import { Note } from "@/parts/States";

const DECISIONS: Record<OwnerDecision, { title: string; confirm: string; means: string }> = {
  reopen: {
    title: "Give the item out again",
    confirm: "Give out again",
    means: "One more round. Anybody who may do the stage can take it, also somebody who has not seen it yet.",
  },
  withdraw: {
    title: "Withdraw the item",
    confirm: "Withdraw",
    means:
      "Nobody works on it any more and it goes into no release. What was drawn and said stays in the evidence. This cannot be taken back.",
  },
};

/** It came back more often than the protocol allows. */
function Undecided({ item }: { item: Item }) {
  const { decide } = useReworkActions(item.id);
  const [asking, setAsking] = useState<OwnerDecision | null>(null);
  const [asked, setAsked] = useState<OwnerDecision>("reopen");
  const ask = (decision: OwnerDecision) => {
    decide.reset();
    setAsked(decision);
    setAsking(decision);
  };
  const words = DECISIONS[asked];
  return (
    <>
      <Note
        tone="warn"
        action={
          item.may_decide ? (
            <span className="row tight">
              <Button size="compact-sm" onClick={() => ask("reopen")}>
                Give out again
              </Button>
              <Button size="compact-sm" variant="default" onClick={() => ask("withdraw")}>
                Withdraw
              </Button>
            </span>
          ) : null
        }
      >
        <strong>Sent back more often than the protocol allows.</strong>{" "}
        {item.may_decide
          ? "You decide what becomes of it."
          : "An owner of the project who took no part in it decides what becomes of it."}
      </Note>
      <ReasonDialog
        opened={asking !== null}
        title={words.title}
        confirm={words.confirm}
        danger={asked === "withdraw"}
        pending={decide.isPending}
        error={decide.error}
        onClose={() => setAsking(null)}
        onConfirm={({ reason }) =>
          decide.mutate({ decision: asked, reason }, { onSuccess: () => setAsking(null) })
        }
      >
        <p className="dim">{words.means}</p>
      </ReasonDialog>
    </>
  );
}

/** It waits for the one person whose work was sent back. */
function Reserved({ item }: { item: Item }) {
  const { unreserve } = useReworkActions(item.id);
  const [asking, setAsking] = useState(false);
  return (
    <>
      <Note
        action={
          <Button
            size="compact-sm"
            variant="default"
            onClick={() => {
              unreserve.reset();
              setAsking(true);
            }}
          >
            Give it to anybody
          </Button>
        }
      >
        Sent back: it waits for the person who did it before.
      </Note>
      <ReasonDialog
        opened={asking}
        title="Give this item to anybody"
        confirm="Give to anybody"
        pending={unreserve.isPending}
        error={unreserve.error}
        onClose={() => setAsking(false)}
        onConfirm={({ reason }) => unreserve.mutate(reason, { onSuccess: () => setAsking(false) })}
      >
        <p className="dim">
          Anybody who may do the stage can take it from now on, and begins afresh. If the person left or lost
          the role, this happens by itself.
        </p>
      </ReasonDialog>
    </>
  );
}

export function Rework({ item }: { item: Item }) {
  if (item.phase === "escalated") return <Undecided item={item} />;
  if (item.phase === "withdrawn")
    return (
      <Note tone="warn">
        <strong>Withdrawn by an owner.</strong> Nobody works on it any more, and it goes into no release. Why
        is under “Evidence”.
      </Note>
    );
  return item.may_unreserve ? <Reserved item={item} /> : null;
}
