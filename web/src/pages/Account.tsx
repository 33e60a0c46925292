/** One's own password, tokens for scripts, and roles. */
import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { myQualificationsQuery } from "@/api/qualifications";
import { tokensQuery, useMe, useTokenActions } from "@/api/session";
import { title } from "@/format";
import { At, CopyText, FactList, Panel, Status } from "@/parts/bits";
import { KeyEditor } from "@/parts/KeyEditor";
import { CertificateTable } from "@/parts/Qualifications";
import { PasswordForm } from "@/parts/SignIn";
import { Failed, Loading, Note, Refused } from "@/parts/States";
import table from "@/parts/table.module.css";

/** Longest token name that the page sends, in characters. */
const NAME_MAX_CHARS = 100;
/** For how many days a token may work, to choose from; the server takes up to a year. */
const TOKEN_DAYS = ["7", "30", "90", "365"];
const TOKEN_DAYS_DEFAULT = "90";

function Tokens() {
  const tokens = useQuery(tokensQuery);
  const { create, end } = useTokenActions();
  const [name, setName] = useState("");
  const [days, setDays] = useState(TOKEN_DAYS_DEFAULT);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate({ name: name.trim(), days: Number(days) }, { onSuccess: () => setName("") });
  };
  return (
    <Panel title="API tokens">
      <p className="dim">
        A token acts as you, with your roles, until it ends. Send it as “Authorization: Bearer …”.
      </p>
      <form onSubmit={submit} className="row" style={{ alignItems: "flex-end" }}>
        <TextInput
          label="What it is for"
          placeholder="such as nightly export"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          maxLength={NAME_MAX_CHARS}
        />
        <NativeSelect
          label="Works for"
          data={TOKEN_DAYS.map((value) => ({ value, label: `${value} days` }))}
          value={days}
          onChange={(event) => setDays(event.currentTarget.value)}
        />
        <Button type="submit" disabled={!name.trim()} loading={create.isPending}>
          Make token
        </Button>
      </form>
      <Refused error={create.error ?? end.error} />
      {create.data?.token ? (
        <div className="stack tight">
          <p>Copy it now; it is not shown again.</p>
          <CopyText text={create.data.token} label="token" />
        </div>
      ) : null}
      {tokens.isPending ? (
        <Loading lines={2} />
      ) : tokens.isError ? (
        <Failed error={tokens.error} retry={() => tokens.refetch()} />
      ) : tokens.data.length === 0 ? (
        <p className="dim">No tokens.</p>
      ) : (
        <table className={table.table}>
          <thead>
            <tr>
              <th>For</th>
              <th>Made</th>
              <th>Last used</th>
              <th>Ends</th>
              <th>
                <span className="sr-only">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {tokens.data.map((token) => (
              <tr key={token.id}>
                <td>{token.name}</td>
                <td>
                  <At micros={token.created_at} />
                </td>
                <td>
                  {token.last_used_at ? (
                    <At micros={token.last_used_at} />
                  ) : (
                    <span className="dim">never</span>
                  )}
                </td>
                <td>
                  <At micros={token.expires_at} />
                  {token.expires_at <= Date.now() * 1_000 ? (
                    <>
                      {" "}
                      <Status tone="warn" mark="cross">
                        ended
                      </Status>
                    </>
                  ) : null}
                </td>
                <td className="num">
                  <Button
                    size="compact-sm"
                    variant="default"
                    onClick={() => end.mutate(token.id)}
                    aria-label={`End the token for ${token.name}`}
                  >
                    End
                  </Button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}

function Certificates() {
  const mine = useQuery(myQualificationsQuery);
  return (
    <Panel title="Qualifications">
      <p className="dim">
        Entered by those who lead a project; some tasks are offered only to who holds them.
      </p>
      {mine.isPending ? (
        <Loading lines={2} />
      ) : mine.isError ? (
        <Failed error={mine.error} retry={() => mine.refetch()} />
      ) : mine.data.length === 0 ? (
        <p className="dim">None.</p>
      ) : (
        <CertificateTable rows={mine.data} />
      )}
    </Panel>
  );
}

export default function Account() {
  const me = useMe();
  const [changed, setChanged] = useState(false);
  if (!me) return null;
  return (
    <div className="stack loose" style={{ maxWidth: 760 }}>
      <h1>{me.user.printed_name}</h1>
      <Panel title="Account">
        <FactList
          rows={[
            ["User name", me.user.login],
            ["Installation", me.system_roles.map(title).join(", ")],
            ...me.grants.map((grant): [string, string] => [title(grant.role), grant.project_name]),
          ]}
        />
      </Panel>
      <Panel title="Password">
        <PasswordForm onDone={() => setChanged(true)} />
        {changed ? <Note>Your password was changed. Other sessions were ended.</Note> : null}
      </Panel>
      <Certificates />
      <Tokens />
      <KeyEditor />
    </div>
  );
}
