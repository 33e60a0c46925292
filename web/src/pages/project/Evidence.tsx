/** Everything that happened in this project, as the log holds it. */
import { projectEventsPage } from "@/api/projects";
import { EventList } from "@/parts/EventList";
import { useProject } from "./Project";

export default function Evidence() {
  const { id } = useProject();
  return (
    <EventList
      queryKey={["projects", id, "events"]}
      fetchPage={(cursor, signal) => projectEventsPage(id, cursor, signal)}
    />
  );
}
