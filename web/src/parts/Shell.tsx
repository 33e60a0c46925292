/** The frame around every page: where one is, who one is, what the keys do, whether the server is there. */
import { Menu, Modal } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, Outlet, useNavigate, useRouterState } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { healthQuery } from "@/api/health";
import { chooseKeys, keysQuery } from "@/api/keys";
import { useLive } from "@/api/live";
import { hasRole, isOwner, useMe, useSignOut } from "@/api/session";
import { time } from "@/format";
import { FeedbackNotice } from "./FeedbackNotice";
import { Icon } from "./Icon";
import { type KeyGroup, useKeyGroups, useKeyHelp, useKeys } from "./keys";
import { KEY_MAPS, type KeyMapName, setPreferences, usePreferences } from "./preferences";
import styles from "./Shell.module.css";

const PAGE_KEYS: KeyGroup = {
  title: "Everywhere",
  keys: [
    { keys: "?", does: "Show the keys that work here" },
    { keys: "Esc", does: "Close what is open" },
  ],
};

const TRAVEL_KEYS: KeyGroup = {
  title: "Pages",
  keys: [
    { keys: "Alt+H", does: "Start page" },
    { keys: "Alt+P", does: "Projects" },
  ],
};

function TravelHelp() {
  useKeyHelp(TRAVEL_KEYS);
  return null;
}

function KeyOverlay({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const groups = useKeyGroups();
  return (
    <Modal opened={opened} onClose={onClose} title="Keys that work here" size="lg">
      <div className="stack loose">
        {groups.map((group) => (
          <section key={group.title}>
            <h3>{group.title}</h3>
            <table className={styles.keys}>
              <tbody>
                {group.keys.map((key) => (
                  <tr key={key.keys + key.does}>
                    <td>{key.does}</td>
                    <td>
                      <kbd>{key.keys}</kbd>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
        ))}
      </div>
    </Modal>
  );
}

function UserMenu() {
  const me = useMe();
  const signOut = useSignOut();
  const navigate = useNavigate();
  const { scheme, keyMap, keyChanges } = usePreferences();
  if (!me) return null;
  return (
    <Menu position="bottom-end" width={240} transitionProps={{ duration: 0 }}>
      <Menu.Target>
        <button type="button" className={styles.user}>
          <Icon name="person" />
          {me.user.printed_name}
          <Icon name="down" size={12} />
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Signed in as {me.user.login}</Menu.Label>
        <Menu.Item onClick={() => navigate({ to: "/account" })}>My account</Menu.Item>
        <Menu.Divider />
        <Menu.Label>Key map</Menu.Label>
        <Menu.RadioGroup
          value={keyMap}
          onChange={(value) => void chooseKeys(value as KeyMapName, keyChanges).catch(() => {})}
        >
          {KEY_MAPS.map((map) => (
            <Menu.RadioItem key={map.value} value={map.value} closeMenuOnClick={false}>
              {map.label}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
        <Menu.Item onClick={() => navigate({ to: "/account", hash: "keys" })}>Change keys…</Menu.Item>
        <Menu.Divider />
        <Menu.Item
          closeMenuOnClick={false}
          onClick={() => setPreferences({ scheme: scheme === "dark" ? "light" : "dark" })}
        >
          {scheme === "dark" ? "Light theme" : "Dark theme"}
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item onClick={() => signOut.mutate()}>Sign out</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

/** Says that nothing is shown because the evidence log cannot be written. */
function LogStopped({ enabled }: { enabled: boolean }) {
  const health = useQuery({ ...healthQuery, enabled });
  if (health.data?.log !== "stopped") return null;
  return (
    <span className={styles.offline} role="alert">
      <Icon name="warn" /> The evidence log has stopped: no image is shown
      {health.data.log_stopped_since ? ` (since ${time(health.data.log_stopped_since)})` : null}
    </span>
  );
}

export function Shell() {
  const me = useMe();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [help, setHelp] = useState(false);
  const connected = useLive(client, me !== null);
  useQuery({ ...keysQuery, enabled: me !== null });
  // The workspace has a frame of its own and needs the whole screen.
  const working = useRouterState({ select: (state) => state.location.pathname.startsWith("/work/") });
  const where = useRouterState({ select: (state) => state.location.pathname });

  useKeyHelp(PAGE_KEYS);
  useKeys({
    "Shift+Slash": () => setHelp((open) => !open),
    F1: () => setHelp((open) => !open),
  });
  // Not while somebody draws: there, Alt with a letter belongs to the key map, and leaving would be a surprise.
  const travel = { "Alt+KeyH": () => navigate({ to: "/" }), "Alt+KeyP": () => navigate({ to: "/projects" }) };
  useKeys(travel, !working);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the overlay closes whenever the place changes
  useEffect(() => setHelp(false), [where]);

  return (
    <div className={styles.shell}>
      <KeyOverlay opened={help} onClose={() => setHelp(false)} />
      {where === "/" ? null : <FeedbackNotice enabled={me !== null} />}
      {working ? (
        <Outlet />
      ) : (
        <>
          <TravelHelp />
          <a href="#content" className={styles.skip}>
            Skip to content
          </a>
          <header className={styles.bar}>
            <Link to="/" className={styles.brand}>
              <img src="/mark.svg" alt="" />
              Countersign
            </Link>
            <nav className="row tight" aria-label="Main">
              <Link to="/projects" className={styles.link}>
                Projects
              </Link>
              {isOwner(me) ? (
                <Link to="/users" className={styles.link}>
                  People
                </Link>
              ) : null}
              {isOwner(me) || hasRole(me, "auditor") ? (
                <Link to="/log" className={styles.link}>
                  Log
                </Link>
              ) : null}
            </nav>
            <div className={styles.fill} />
            <LogStopped enabled={me !== null} />
            {connected ? null : (
              <span className={styles.offline} role="status">
                <Icon name="warn" /> Not live: reconnecting
              </span>
            )}
            <button
              type="button"
              className={styles.help}
              aria-label="Keys that work here"
              onClick={() => setHelp(true)}
            >
              ?
            </button>
            <UserMenu />
          </header>
          <main id="content" className={styles.main} tabIndex={-1}>
            <Outlet />
          </main>
        </>
      )}
    </div>
  );
}
