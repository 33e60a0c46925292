/** One's own password, tokens for scripts, and roles. */
import { Button, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { tokensQuery, useMe, useTokenActions } from "@/api/session";
import { title } from "@/format";
import { At, CopyText, FactList, Panel } from "@/parts/bits";
import { KeyEditor } from "@/parts/KeyEditor";
import { PasswordForm } from "@/parts/SignIn";
import { Failed, Loading, Note, Refused } from "@/parts/States";
import table from "@/parts/table.module.css";

/** Longest token name that the page sends, in characters. */
const NAME_MAX_CHARS = 100;

function Tokens() {
  const tokens = useQuery(tokensQuery);
  const { create, end } = useTokenActions();
  const [name, setName] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate(name.trim(), { onSuccess: () => setName("") });
  };
  return (
    <Panel title="API tokens">
      <p className="dim">A token acts as you, with your roles. Send it as “Authorization: Bearer …”.</p>
      <form onSubmit={submit} className="row" style={{ alignItems: "flex-end" }}>
        <TextInput
          label="What it is for"
          placeholder="such as nightly export"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          maxLength={NAME_MAX_CHARS}
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
      <Tokens />
      <KeyEditor />
    </div>
  );
}
