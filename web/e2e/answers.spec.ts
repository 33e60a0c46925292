/**
 * "Cannot assess" is an answer: one reader gives it, the other does not, somebody decides, another signs, and the package
 * carries each of the answers. What nobody could assess is listed, and is no empty one.
 */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { expect, test } from "@playwright/test";
import { crawl, itemOf, Person } from "./people";
import {
  box,
  call,
  claim,
  everybody,
  file,
  grants,
  inPhase,
  lets,
  opens,
  PASSWORD,
  putsProtocol,
  sends,
  twice,
} from "./pictures";

/** Hands in what is said here for the task. */
const handsIn = (
  person: Person,
  work: { task: { id: string; fence: number }; read: { revision: number } },
  changes: unknown[],
) =>
  call(
    person,
    "post",
    `/tasks/${work.task.id}/submit`,
    { fence: work.task.fence, changes },
    { "if-match": `"${work.read.revision}"` },
  );

const cannot = (number: number, reason: string) => ({
  op: "put",
  annotation: {
    id: `00000000-0000-7000-8000-${String(number).padStart(12, "0")}`,
    class: "cannot-assess",
    shape: { type: "tag" },
    attributes: { reason },
  },
});

test("a reader cannot assess, another one can; somebody decides, and the package carries the reads", async ({
  browser,
}) => {
  const people = await everybody(browser);
  const second = await Person.arrives(browser, "annotator2");
  const { owner, annotator, reviewer, specialist, scientist } = people;
  const name = `Answers ${Date.now()}`;
  const project = await opens(people, name);
  await grants(people, project, second, "annotator");
  for (const person of [owner, specialist, scientist])
    await call(person, "post", "/me/signing", { version: 1 });
  const put = await putsProtocol(people, project, await twice(people, project));
  expect(put.status(), await put.text()).toBe(201);
  await sends(people, project, 3);
  await expect.poll(() => inPhase(people, project, "reading"), { timeout: 60_000 }).toBe(3);

  // By keyboard: why, in words; the marks go, undo brings them back.
  const disputed = await claim(annotator, project);
  const item = disputed.item.id as string;
  await call(
    annotator,
    "put",
    `/reads/${disputed.read.id}/annotations`,
    { fence: disputed.task.fence, changes: [box(1, "object")] },
    { "if-match": `"${disputed.read.revision}"` },
  );
  const { page } = annotator;
  await page.goto(`/work/${disputed.task.id}`);
  await expect(page.getByTestId("object-row")).toHaveCount(1);
  await page.getByTestId("object-row").getByRole("button").first().click();
  await page.keyboard.press("u");
  await expect(page.getByTestId("object-row")).toContainText("unclear");
  await page.getByTestId("unclear-confidence").selectOption("guess");
  await page.getByTestId("objects").click();
  await page.keyboard.press("Control+Space");
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByTestId("answer-hand-in")).toBeDisabled();
  await dialog.getByTestId("answer-image_quality").check();
  await dialog.getByTestId("answer-text").fill("burnt through");
  await expect(dialog.getByTestId("answer-gone")).toContainText("1 mark");
  await page.screenshot({ path: test.info().outputPath("cannot-assess.png") });
  await dialog.getByTestId("answer-give").click();
  await expect(page.getByTestId("answer-note")).toContainText("image quality: burnt through");
  await expect(page.getByTestId("save-state")).toHaveText(/saved/i);
  await page.screenshot({ path: test.info().outputPath("answered.png") });

  // The other reader learns nothing of it.
  const theirs = await call(second, "post", `/projects/${project}/tasks/claim`, { item });
  const before = await crawl(second, project, item);
  expect(before).not.toContain("cannot-assess");
  await page.getByTestId("submit").click();
  await expect(page).not.toHaveURL(new RegExp(disputed.task.id));
  expect(await crawl(second, project, item)).toBe(before);
  await handsIn(second, theirs, [box(2, "object")]);

  // The page went on with the next picture: neither reader can assess that one, and both mark the last.
  const agreed = page.url().split("/work/")[1] as string;
  const mine = await (await annotator.context.request.get(`/api/v1/tasks/${agreed}`)).json();
  await handsIn(annotator, mine, [cannot(3, "obstructed")]);
  const same = await call(second, "post", `/projects/${project}/tasks/claim`, { item: mine.item.id });
  await handsIn(second, same, [cannot(4, "image_quality")]);
  const last = await claim(annotator, project);
  const marked = box(5, "object");
  await handsIn(annotator, last, [
    { ...marked, annotation: { ...marked.annotation, unclear: { confidence: "probable" } } },
  ]);
  await handsIn(second, await claim(second, project), [box(6, "object")]);

  // Who decides sees what each of them answered, and takes one.
  let decision: { task: { id: string } } | null = null;
  await expect(async () => {
    decision = await claim(reviewer, project, "adjudicate");
  }).toPass();
  await reviewer.page.goto(`/work/${(decision as unknown as { task: { id: string } }).task.id}`);
  const panel = reviewer.page.getByTestId("arbitration");
  await expect(panel).toContainText("not all could assess it");
  await expect(reviewer.page.getByTestId("arbitration-count")).toHaveText("0 of 2 decided");
  await panel.getByRole("button", { name: /Cannot assess \(image quality: burnt through\)/ }).click();
  await expect(reviewer.page.getByTestId("arbitration-count")).toHaveText("2 of 2 decided");
  await expect(reviewer.page.getByTestId("answer-note")).toContainText("the whole item");
  await expect(reviewer.page.getByTestId("save-state")).toHaveText(/saved/i);
  await reviewer.page.screenshot({ path: test.info().outputPath("deciding.png") });
  await reviewer.page.getByTestId("adjudicate-open").click();
  await reviewer.page.getByTestId("ruling-technique").check();
  await reviewer.page.getByTestId("ruling-confirm").click();
  await expect(reviewer.page).not.toHaveURL(/\/work\//);

  // The signature is over the answer.
  const signs = await call(specialist, "post", `/projects/${project}/tasks/claim`, { item });
  await specialist.page.goto(`/work/${signs.task.id}`);
  await expect(specialist.page.getByTestId("answer-note")).toContainText("burnt through");
  await specialist.page.screenshot({ path: test.info().outputPath("signing.png") });
  await specialist.page.getByTestId("sign-open").click();
  await expect(specialist.page.getByRole("dialog")).toContainText("0 marks, cannot be assessed");
  await specialist.entersComponents("sign");
  await specialist.page.getByTestId("sign-confirm").click();
  await expect(specialist.page).not.toHaveURL(new RegExp(signs.task.id));
  await specialist.page.goto("/");
  const left = (await (await specialist.context.request.get("/api/v1/me/tasks")).json()) as {
    id: string;
    project: string;
    fence: number;
  }[];
  for (const task of left.filter((one) => one.project === project))
    await call(specialist, "post", `/tasks/${task.id}/give-back`, { fence: task.fence });
  for (let n = 0; n < 2; n += 1) {
    const work = await claim(specialist, project, "sign");
    await call(specialist, "post", `/tasks/${work.task.id}/sign`, {
      fence: work.task.fence,
      login: "specialist",
      password: PASSWORD,
      content_hash: work.subject.content_hash,
      decision: "sign",
    });
  }
  await expect.poll(() => inPhase(people, project, "accepted")).toBe(3);

  // Lists and the item's page say so, and that the read of the other one is kept.
  await owner.page.goto(`/projects/${project}/items`);
  await expect(owner.page.getByText("Cannot be assessed")).toHaveCount(2);
  await owner.page.screenshot({ path: test.info().outputPath("items.png") });
  await owner.page.goto(`/items/${item}`);
  await expect(owner.page.getByText("Cannot be assessed")).toBeVisible();
  await expect(owner.page.getByTestId("read-answer")).toHaveCount(2);
  await owner.page.screenshot({ path: test.info().outputPath("item.png"), fullPage: true });
  expect((await itemOf(owner, item)).reads.filter((read) => !read.cannot_assess)).not.toHaveLength(0);

  // What leaves: each read with its answer, the image with a flag, nothing of it as an empty one.
  const release = await lets(scientist, project, "answers");
  await expect
    .poll(
      async () =>
        (await (await scientist.context.request.get(`/api/v1/releases/${release.id}`)).json()).state,
      { timeout: 60_000 },
    )
    .toBe("done");
  const bytes = await (await scientist.context.request.get(`/api/v1/releases/${release.id}/download`)).body();
  const kept = test.info().outputPath("answers.zip");
  writeFileSync(kept, bytes);
  execFileSync(process.env.COUNTERSIGN_BIN as string, ["verify", kept]);
  const answers = file(bytes, "reads.jsonl").match(/"class":"cannot-assess"/g);
  // One reader and who decided; two readers and what was merged of them.
  expect(answers).toHaveLength(5);
  const coco = JSON.parse(file(bytes, "coco.json"));
  const flagged = coco.images.filter((image: { cannot_assess?: object }) => image.cannot_assess);
  expect(flagged).toHaveLength(2);
  expect(coco.images).toHaveLength(3);
  expect(coco.annotations).toHaveLength(1);
  expect(coco.annotations[0].unclear).toEqual({ confidence: "probable" });
  const { counts } = JSON.parse(file(bytes, "certificate.json")).statement;
  expect(counts).toMatchObject({ items: 3, items_not_assessed: 2, items_without_annotations: 0 });
  expect(JSON.parse(file(bytes, "agreement.json"))).toMatchObject({ items: 1, not_assessed: 2 });
  for (const person of [...Object.values(people), second]) await person.leaves();
});
