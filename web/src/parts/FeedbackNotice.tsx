/** Says, wherever somebody is, that something was found about their own work. The card is on the start page. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { feedbackQuery } from "@/api/quality";
import { noticeWords } from "./feedback-words";
import styles from "./Shell.module.css";

export function FeedbackNotice({ enabled }: { enabled: boolean }) {
  const feedback = useQuery({ ...feedbackQuery, enabled });
  const open = feedback.data?.find((alarm) => alarm.state === "open");
  if (!open) return null;
  return (
    <div className={styles.notice} role="status">
      {noticeWords(open.stream, open.project_name)} <Link to="/">Read what they found</Link>
    </div>
  );
}
