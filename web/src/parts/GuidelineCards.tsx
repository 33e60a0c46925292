/** The cards of a guideline: for each class what it is and what it is not, in pictures first. */
import { useState } from "react";
import {
  exampleUrl,
  type GuidelineCard,
  type GuidelineDocument,
  type GuidelineExample,
} from "@/api/guidelines";
import type { OntologyClass } from "@/api/types";
import styles from "./GuidelineCards.module.css";
import { Markdown } from "./Markdown";
import { Swatch } from "./Swatch";

/** A kind is a shape and a word; colour alone says nothing. */
export const KINDS: Record<GuidelineExample["kind"], { mark: string; word: string }> = {
  positive: { mark: "✓", word: "This is one" },
  negative: { mark: "✕", word: "This is none" },
  borderline: { mark: "?", word: "At the border" },
};

function Example({
  guideline,
  example,
  name,
}: {
  guideline: string;
  example: GuidelineExample;
  name: string;
}) {
  const [gone, setGone] = useState(false);
  const kind = KINDS[example.kind];
  return (
    <figure className={`${styles.example} ${styles[example.kind]}`}>
      {gone ? (
        <p className={styles.gone}>This picture is not available any more.</p>
      ) : (
        <img
          src={exampleUrl(guideline, example.id)}
          alt={`${name}: ${kind.word}. ${example.caption ?? ""}`}
          loading="lazy"
          onError={() => setGone(true)}
        />
      )}
      <figcaption>
        <strong>
          <span aria-hidden="true">{kind.mark}</span> {kind.word}
        </strong>{" "}
        {example.caption}
      </figcaption>
    </figure>
  );
}

function Card({ guideline, card, one }: { guideline: string; card: GuidelineCard; one?: OntologyClass }) {
  const name = one?.name ?? card.class;
  return (
    <section id={card.class} className={styles.card} aria-label={name} data-testid={`card-${card.class}`}>
      <h3 className="row tight">
        {one ? <Swatch color={one.color} /> : null}
        {name}
        {one?.retired ? <span className="dim">(retired)</span> : null}
      </h3>
      <div className={styles.examples}>
        {(card.examples ?? []).map((example) => (
          <Example key={example.id} guideline={guideline} example={example} name={name} />
        ))}
      </div>
      {card.text ? <Markdown source={card.text} /> : null}
    </section>
  );
}

export function GuidelineCards({
  guideline,
  document,
  classes,
  first,
}: {
  guideline: string;
  document: GuidelineDocument;
  classes: OntologyClass[];
  /** The card of this class comes first. */
  first?: string | null;
}) {
  const cards = [...(document.cards ?? [])];
  cards.sort((a, b) => Number(b.class === first) - Number(a.class === first));
  return (
    <div className={styles.cards}>
      {cards.map((card) => (
        <Card
          key={card.class}
          guideline={guideline}
          card={card}
          one={classes.find((entry) => entry.id === card.class)}
        />
      ))}
      {document.text ? <Markdown source={document.text} /> : null}
    </div>
  );
}
