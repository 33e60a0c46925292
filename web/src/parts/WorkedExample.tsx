/** One kind of error, worked out: what was said, what the others said, where the same was settled, and the guideline's words and pictures. */
import { Link } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import type { Alarm, Worked } from "@/api/quality";
import { classesOf, othersWords, settledWords } from "./feedback-words";
import { Loading } from "./States";

const Sections = lazy(() => import("./GuidelineSections"));

export function WorkedExample({ alarm, worked }: { alarm: Alarm; worked: Worked }) {
  const [read, setRead] = useState(false);
  const classes = classesOf(worked);
  const others = othersWords(worked);
  return (
    <div className="stack tight" data-testid="worked">
      {others ? <p>{others}</p> : null}
      {worked.item ? (
        <p>
          {settledWords(alarm.stream)}:{" "}
          <Link to="/items/$itemId" params={{ itemId: worked.item }}>
            {worked.item_name}
          </Link>
        </p>
      ) : null}
      <details onToggle={(event) => setRead(event.currentTarget.open)}>
        <summary>What the guideline says of {classes.map((id) => `“${id}”`).join(" and ")}</summary>
        {read ? (
          <Suspense fallback={<Loading lines={3} />}>
            <Sections project={alarm.project} classes={classes} />
          </Suspense>
        ) : null}
      </details>
    </div>
  );
}
