/** Accounts of this installation; roles are given per project. */
import { Button, Modal, Select, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { everywhereQuery } from "@/api/qualifications";
import { isOwner, useMe } from "@/api/session";
import type { Account } from "@/api/types";
import { usersQuery, useUserActions } from "@/api/users";
import { organizationsQuery } from "@/api/vendors";
import { words } from "@/format";
import { DraftModels } from "@/pages/project/quality/DraftModels";
import { Organizations } from "@/pages/users/Organizations";
import { At, CopyText, Status } from "@/parts/bits";
import { CertificateForm } from "@/parts/CertificateForm";
import { ManagedCertificates } from "@/parts/Certificates";
import { Icon } from "@/parts/Icon";
import { Empty, Failed, Loading, Refused } from "@/parts/States";
import table from "@/parts/table.module.css";

/** Longest login and printed name that the page sends, in characters. */
const NAME_MAX_CHARS = 100;

function NewUser({ onClose }: { onClose: () => void }) {
  const { create } = useUserActions();
  const [login, setLogin] = useState("");
  const [name, setName] = useState("");
  const [organization, setOrganization] = useState<string | null>(null);
  const organizations = useQuery(organizationsQuery);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate({ login: login.trim(), printed_name: name.trim(), organization });
  };
  const password = create.data?.one_time_password;
  if (create.isSuccess) {
    return (
      <Modal opened onClose={onClose} title="Account made" size="md" closeOnClickOutside={false}>
        <div className="stack">
          {password ? (
            <>
              <p>
                One-time password for <strong>{login.trim()}</strong>. It is shown only now; it has to be
                changed at the first sign-in.
              </p>
              <CopyText text={password} label="one-time password" />
            </>
          ) : (
            <p>{login.trim()} can sign in now.</p>
          )}
          <p className="dim">Next: give a role in a project, under People.</p>
          <div className="row">
            <Button onClick={onClose}>Done</Button>
          </div>
        </div>
      </Modal>
    );
  }
  return (
    <Modal opened onClose={onClose} title="New account" size="md">
      <form onSubmit={submit} className="stack">
        <TextInput
          label="User name"
          description="For signing in"
          value={login}
          onChange={(event) => setLogin(event.currentTarget.value)}
          maxLength={NAME_MAX_CHARS}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          data-autofocus
        />
        <TextInput
          label="Printed name"
          description="As it stands in signatures"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          maxLength={NAME_MAX_CHARS}
          autoComplete="off"
        />
        <Select
          label="Belongs to"
          placeholder="own staff"
          clearable
          data={(organizations.data ?? [])
            .filter((one) => one.kind === "vendor")
            .map((one) => ({ value: one.id, label: one.name }))}
          value={organization}
          onChange={setOrganization}
        />
        <Refused error={create.error} />
        <div className="row">
          <Button type="submit" loading={create.isPending} disabled={!login.trim() || !name.trim()}>
            Make account
          </Button>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
        </div>
      </form>
    </Modal>
  );
}

function Row({ user }: { user: Account }) {
  const me = useMe();
  const { change } = useUserActions();
  const self = me?.user.id === user.id;
  return (
    <tr>
      <td>{user.printed_name}</td>
      <td className="mono">{user.login}</td>
      <td>
        {user.active ? (
          <Status tone="ok" mark="dot">
            Active
          </Status>
        ) : (
          <Status tone="dim" mark="cross">
            Closed
          </Status>
        )}
        <Refused error={change.error} />
      </td>
      <td className="dim">{user.system_roles.map(words).join(", ") || "–"}</td>
      <td className="dim">
        <At micros={user.created_at} />
      </td>
      <td className="num">
        <Button
          size="compact-sm"
          variant="default"
          disabled={self}
          loading={change.isPending}
          onClick={() => change.mutate({ id: user.id, active: !user.active })}
        >
          {user.active ? "Close" : "Open again"}
        </Button>
      </td>
    </tr>
  );
}

/** Certificates that count on every project: those who lead the installation enter them. */
function Everywhere({ accounts }: { accounts: Account[] }) {
  const me = useMe();
  const seen = useQuery(everywhereQuery);
  const people = accounts
    .filter((one) => one.active && one.id !== me?.user.id)
    .map((one) => ({ value: one.id, label: `${one.printed_name} (${one.login})` }));
  return (
    <section className="stack" aria-labelledby="everywhere">
      <h2 id="everywhere">Certificates that count everywhere</h2>
      <p className="dim">
        They count on every project, beside those that its own people enter there. Nobody enters their own.
      </p>
      {seen.isPending ? (
        <Loading />
      ) : seen.isError ? (
        <Failed error={seen.error} retry={() => seen.refetch()} />
      ) : seen.data.length === 0 ? (
        <Empty title="None yet">
          Enter one where a board or a register vouches for somebody, whatever they work on.
        </Empty>
      ) : (
        <ManagedCertificates rows={seen.data} project={null} manages />
      )}
      <CertificateForm project={null} people={people} />
    </section>
  );
}

export default function Users() {
  const me = useMe();
  const users = useQuery(usersQuery);
  const [making, setMaking] = useState(false);
  return (
    <div className="stack">
      <div className="spread">
        <h1>People</h1>
        <Button leftSection={<Icon name="plus" />} onClick={() => setMaking(true)}>
          New account
        </Button>
      </div>
      <p className="dim">
        Closing an account ends its sessions and tokens. What the person did stays, under their name.
      </p>
      {users.isPending ? (
        <Loading />
      ) : users.isError ? (
        <Failed error={users.error} retry={() => users.refetch()} />
      ) : users.data.length === 0 ? (
        <Empty title="No accounts" />
      ) : (
        <div className={table.scroll}>
          <table className={table.table}>
            <thead>
              <tr>
                <th>Printed name</th>
                <th>User name</th>
                <th>State</th>
                <th>Installation</th>
                <th>Since</th>
                <th>
                  <span className="sr-only">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {users.data.map((user) => (
                <Row key={user.id} user={user} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {isOwner(me) ? <Organizations /> : null}
      {users.data && isOwner(me) ? <Everywhere accounts={users.data} /> : null}
      {isOwner(me) ? (
        <section className="stack" aria-labelledby="models-everywhere">
          <h2 id="models-everywhere">Models that draft</h2>
          <p className="dim">
            A model that is stopped here drafts in no project any more, and nobody is shown what it drafted.
            Each project can stop one for itself, under Quality.
          </p>
          <DraftModels project={null} />
        </section>
      ) : null}
      {making ? <NewUser onClose={() => setMaking(false)} /> : null}
    </div>
  );
}
