/** Guideline tickets: what several people understand differently, and whether a changed guideline helped. */
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { type Ticket, ticketsQuery, useCloseTicket } from "@/api/tickets";
import type { OntologyClass, Project } from "@/api/types";
import { count, plural } from "@/format";
import { At, FactList, Panel, Status } from "@/parts/bits";
import { ReasonDialog } from "@/parts/ReasonDialog";
import { Failed, Loading, Note } from "@/parts/States";
import { changeWords, countWords } from "./ticket-words";
import { streamWords } from "./words";

function className(classes: OntologyClass[], id: string | null | undefined): string {
  if (!id) return "nothing there";
  return classes.find((one) => one.id === id)?.name ?? id;
}

function One({ project, ticket }: { project: Project; ticket: Ticket }) {
  const close = useCloseTicket(project.id);
  const [asking, setAsking] = useState(false);
  const open = ticket.state === "open";
  const of = (id: string | null | undefined) => className(project.protocol.classes, id);
  const title =
    ticket.cause === "pair"
      ? `${of(ticket.first_class)} or ${of(ticket.second_class)}?`
      : `Many are alarmed about at once: ${streamWords(ticket.stream, project.protocol.classes)}`;
  return (
    <Panel
      title={title}
      aside={
        <span className="row tight">
          <Status tone={open ? "warn" : "dim"} mark={open ? "triangle" : "square"}>
            {open ? "Look at the guideline" : "Closed"}
          </Status>
          <span className="dim">
            <At micros={ticket.opened_at} />
          </span>
        </span>
      }
    >
      <FactList
        rows={[
          [
            "Why",
            ticket.cause === "pair"
              ? `${plural(ticket.marks, "mark")} got both answers, where ${(ticket.expected ?? 0).toFixed(1)} would be usual`
              : `${plural(ticket.marks, "alarm")} within a week`,
          ],
          ["People", `${count(ticket.people)} of ${count(ticket.active)} who were active`],
          ["Divided until closed", ticket.cause === "pair" ? countWords(ticket.before) : null],
          ["Divided since", ticket.cause === "pair" && !open ? countWords(ticket.after) : null],
          ["Change", ticket.change ? changeWords(ticket.change) : null],
          [
            "Kept back",
            ticket.suppressed > 0
              ? `${plural(ticket.suppressed, "alarm")} about people: nobody was told, nothing was held`
              : null,
          ],
          [
            "Closed by",
            ticket.closed_by
              ? `${ticket.closed_by}${ticket.guideline ? ` with guideline ${ticket.guideline}` : ""}`
              : null,
          ],
          ["Reason", ticket.reason ?? null],
        ]}
      />
      {ticket.examples.length > 0 ? (
        <p className="row tight">
          {ticket.cause === "pair" ? "Items with such marks" : "Items of these alarms"}, up to twelve:{" "}
          {ticket.examples.map((one) => (
            <Link key={one.item} to="/items/$itemId" params={{ itemId: one.item }}>
              {one.name}
            </Link>
          ))}
        </p>
      ) : null}
      <div className="row">
        <Link
          to="/projects/$projectId/guideline"
          params={{ projectId: project.id }}
          hash={ticket.first_class ?? ticket.second_class ?? ""}
        >
          What the guideline says of it
        </Link>
        {open ? (
          <Button variant="default" onClick={() => setAsking(true)}>
            Close without a change…
          </Button>
        ) : null}
      </div>
      <ReasonDialog
        opened={asking}
        title="Close the ticket"
        confirm="Close"
        pending={close.isPending}
        error={close.error}
        onClose={() => setAsking(false)}
        onConfirm={({ reason }) =>
          close.mutate({ id: ticket.id, reason }, { onSuccess: () => setAsking(false) })
        }
      >
        <p>
          A published guideline of these classes closes it by itself. Without one, say why it is clear enough:
          alarms about people are raised again from here on.
        </p>
      </ReasonDialog>
    </Panel>
  );
}

export function Tickets({ project }: { project: Project }) {
  const found = useQuery(ticketsQuery(project.id));
  if (found.isPending) return <Loading lines={3} />;
  if (found.isError) return <Failed error={found.error} retry={() => found.refetch()} />;
  if (found.data.length === 0)
    return <Note>Nowhere do several people disagree in one way: nothing speaks against the guideline.</Note>;
  return (
    <div className="stack">
      {found.data.map((ticket) => (
        <One key={ticket.id} project={project} ticket={ticket} />
      ))}
    </div>
  );
}
