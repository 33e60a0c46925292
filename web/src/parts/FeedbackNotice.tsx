/** Says, wherever somebody is, that something was found about their own work. The card is on the start page. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { feedbackQuery } from "@/api/quality";
import styles from "./Shell.module.css";

export function FeedbackNotice({ enabled }: { enabled: boolean }) {
  const feedback = useQuery({ ...feedbackQuery, enabled });
  const open = feedback.data?.find((alarm) => alarm.state === "open");
  if (!open) return null;
  return (
    <div className={styles.notice} role="status">
      Reviewers corrected more of your work than usual in {open.project_name}.{" "}
      <Link to="/">Read what they found</Link>
    </div>
  );
}
