/** The sections of a guideline on a few classes, with their pictures. */
import { useQuery } from "@tanstack/react-query";
import { guidelineQuery } from "@/api/guidelines";
import { projectQuery } from "@/api/projects";
import { GuidelineCards } from "./GuidelineCards";
import { Failed, Loading } from "./States";

export default function GuidelineSections({ project, classes }: { project: string; classes: string[] }) {
  const guideline = useQuery(guidelineQuery(project));
  const found = useQuery(projectQuery(project));
  if (guideline.isPending || found.isPending) return <Loading lines={3} />;
  if (guideline.isError) return <Failed error={guideline.error} retry={() => guideline.refetch()} />;
  if (found.isError) return <Failed error={found.error} retry={() => found.refetch()} />;
  const { current, document } = guideline.data;
  const cards = (document.cards ?? []).filter((card) => classes.includes(card.class));
  if (!current || cards.length === 0)
    return <p className="dim">The guideline has no section on that. Say so, if that is why.</p>;
  return (
    <GuidelineCards
      guideline={current.id}
      document={{ text: "", cards }}
      classes={found.data.protocol.classes}
      first={classes[0]}
    />
  );
}
