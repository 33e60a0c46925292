import { describe, expect, it } from "vitest";
import { relationWords, sentence } from "../Ontology";
import { addRelation } from "./RelationForm";

describe("a type of relations", () => {
  const draft = { name: "Part of", directed: true, from: ["wheel"], to: [] };

  it("says what it needs", () => {
    expect(addRelation({ ...draft, name: " " }, [])).toEqual({ missing: "It needs a name." });
    const known = [{ id: "part_of", name: "part of", retired: true }];
    expect(addRelation(draft, known)).toEqual({ missing: "There is a relation of this name, or was one." });
  });

  it("becomes an operation that leaves out what is meant when nothing is said", () => {
    expect(addRelation(draft, [])).toEqual({
      operation: {
        op: "add_relation",
        relation: { id: "part_of", name: "Part of", from: ["wheel"] },
      },
    });
    expect(addRelation({ name: "beside", directed: false, from: [], to: [] }, [])).toEqual({
      operation: { op: "add_relation", relation: { id: "beside", name: "beside", directed: false } },
    });
  });

  it("is told in words", () => {
    const one = { id: "part_of", name: "part of", from: ["wheel"], to: ["car", "van"] };
    expect(relationWords(one)).toBe("“part of” (wheel → car or van)");
    const beside = { id: "beside", name: "beside", directed: false };
    expect(sentence({ op: "add_relation", relation: beside })).toBe(
      "Add the relation “beside” (anything ↔ anything)",
    );
    expect(sentence({ op: "retire_relation", relation: "beside" })).toBe("Retire the relation beside");
  });
});
