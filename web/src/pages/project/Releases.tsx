/** What was released, and making a new release out of accepted items. */
import { Button, Checkbox, Modal, NativeSelect, SegmentedControl, TextInput } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { itemsQuery } from "@/api/items";
import { releasesQuery, takesTwo, useMakeRelease } from "@/api/releases";
import { hasRole, isOwner, useMe } from "@/api/session";
import type { Project } from "@/api/types";
import { bytes, count, plural, title } from "@/format";
import { At, Hash } from "@/parts/bits";
import { Icon } from "@/parts/Icon";
import { areComplete, asSigned, NO_COMPONENTS, SigningFields } from "@/parts/SigningFields";
import { Empty, Failed, Loading, Note, Refused } from "@/parts/States";
import table from "@/parts/table.module.css";
import { useProject } from "./Project";

/** Longest release name that the page sends, in characters. */
const NAME_MAX_CHARS = 100;

function Choose({
  project,
  chosen,
  onChange,
}: {
  project: string;
  chosen: Set<string>;
  onChange: (next: Set<string>) => void;
}) {
  const items = useInfiniteQuery(itemsQuery(project, { phase: "accepted" }));
  if (items.isPending) return <Loading lines={4} />;
  if (items.isError) return <Failed error={items.error} retry={() => items.refetch()} />;
  const rows = items.data.pages.flatMap((page) => page.items);
  const toggle = (id: string) => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    onChange(next);
  };
  return (
    <div className="stack tight" style={{ maxHeight: "45vh", overflowY: "auto", padding: 2 }}>
      {rows.map((item) => (
        <Checkbox
          key={item.id}
          label={item.held ? `${item.name} (on hold)` : item.name}
          disabled={item.held}
          checked={chosen.has(item.id)}
          onChange={() => toggle(item.id)}
        />
      ))}
      {items.hasNextPage ? (
        <Button variant="default" onClick={() => items.fetchNextPage()} loading={items.isFetchingNextPage}>
          Show more
        </Button>
      ) : null}
    </div>
  );
}

function NewRelease({ project, onClose }: { project: Project; onClose: () => void }) {
  const make = useMakeRelease(project.id);
  const navigate = useNavigate();
  const [name, setName] = useState("");
  const [which, setWhich] = useState("all");
  const [audience, setAudience] = useState<"internal" | "public">("internal");
  const [chosen, setChosen] = useState<Set<string>>(new Set());
  const [components, setComponents] = useState(NO_COMPONENTS);
  const byTwo = takesTwo(project.protocol);
  const accepted = project.counts.by_phase.accepted ?? 0;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    make.mutate(
      {
        name: name.trim(),
        items: which === "all" ? "all_accepted" : [...chosen],
        audience,
        ...asSigned(components),
      },
      {
        onSuccess: (release) => {
          onClose();
          navigate({ to: "/releases/$releaseId", params: { releaseId: release.id } });
        },
      },
    );
  };
  return (
    <Modal opened onClose={onClose} title="New release" size="lg">
      <form onSubmit={submit} className="stack">
        <TextInput
          label="Name"
          placeholder="such as 2026-11 training"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          maxLength={NAME_MAX_CHARS}
          data-autofocus
        />
        <SegmentedControl
          aria-label="Which items"
          data={[
            { value: "all", label: `All accepted (${count(accepted)})` },
            { value: "chosen", label: `Chosen (${count(chosen.size)})` },
          ]}
          value={which}
          onChange={setWhich}
        />
        {which === "chosen" ? <Choose project={project.id} chosen={chosen} onChange={setChosen} /> : null}
        <NativeSelect
          label="For whom"
          description={
            audience === "public"
              ? "Every risk that stays in an item needs a privacy officer's waiver (Oversight)"
              : "Risks that stay after de-identification are not waived for anybody else"
          }
          data={[
            { value: "internal", label: "People under the project's agreements" },
            { value: "public", label: "The public" },
          ]}
          value={audience}
          onChange={(event) => setAudience(event.currentTarget.value === "public" ? "public" : "internal")}
        />
        <p className="dim">
          A release cannot be changed. It holds the manifest, the root hash over it, and the signed
          certificate. Items on hold stay out.
        </p>
        <Note>
          {byTwo
            ? "It takes two people, and neither may be an author of what is in it. You begin it and sign; somebody else countersigns it on its page."
            : "You sign it alone, and may not be an author of what is in it."}
        </Note>
        <SigningFields
          values={components}
          onChange={setComponents}
          error={make.error}
          description="Signs the list of items with your name and the time"
          testid="begin"
        />
        <Refused error={make.error} />
        <div className="row">
          <Button
            type="submit"
            loading={make.isPending}
            disabled={
              !name.trim() ||
              (which === "chosen" ? chosen.size === 0 : accepted === 0) ||
              !areComplete(components)
            }
          >
            {byTwo ? "Begin the release" : "Make the release"}
          </Button>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
        </div>
      </form>
    </Modal>
  );
}

export default function Releases() {
  const project = useProject();
  const me = useMe();
  const releases = useQuery(releasesQuery(project.id));
  const [making, setMaking] = useState(false);
  const may = isOwner(me) || hasRole(me, "owner", project.id) || hasRole(me, "data_scientist", project.id);
  const accepted = project.counts.by_phase.accepted ?? 0;
  const lacking = project.release_lacking;
  const button =
    may && !lacking ? (
      <Button leftSection={<Icon name="seal" />} onClick={() => setMaking(true)} disabled={accepted === 0}>
        New release
      </Button>
    ) : null;
  return (
    <div className="stack">
      <div className="spread">
        <h2>
          Releases{" "}
          <span className="dim">
            · {plural(accepted, "accepted item is", "accepted items are")} not released yet
          </span>
        </h2>
        {releases.data?.length ? button : null}
      </div>
      {may && lacking ? (
        <Note tone="warn">You cannot sign a release of this project: {lacking.message}</Note>
      ) : null}
      {releases.isPending ? (
        <Loading />
      ) : releases.isError ? (
        <Failed error={releases.error} retry={() => releases.refetch()} />
      ) : releases.data.length === 0 ? (
        <Empty title="Nothing released yet" action={button}>
          {accepted > 0
            ? "Accepted items wait. A release freezes them with a certificate that anybody can check offline."
            : "Items become ready for release when the last stage has accepted or signed them."}
        </Empty>
      ) : (
        <div className={table.scroll}>
          <table className={table.table}>
            <thead>
              <tr>
                <th>Release</th>
                <th>State</th>
                <th>Made</th>
                <th className="num">Items</th>
                <th className="num">Annotations</th>
                <th className="num">Size</th>
                <th>Root hash</th>
              </tr>
            </thead>
            <tbody>
              {releases.data.map((release) => (
                <tr key={release.id}>
                  <td>
                    <Link to="/releases/$releaseId" params={{ releaseId: release.id }}>
                      {release.name}
                    </Link>
                    {release.audience === "public" ? <span className="dim"> · public</span> : null}
                  </td>
                  <td>{title(release.state)}</td>
                  <td>
                    <At micros={release.created_at} />
                  </td>
                  <td className="num">{count(release.items)}</td>
                  <td className="num">{count(release.annotations)}</td>
                  <td className="num">{release.bytes ? bytes(release.bytes) : "–"}</td>
                  <td>
                    <Hash value={release.root} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {making ? <NewRelease project={project} onClose={() => setMaking(false)} /> : null}
    </div>
  );
}
