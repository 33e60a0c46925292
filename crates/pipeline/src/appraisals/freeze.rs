//! Choosing parts, freezing a study, and drawing everybody's order after that.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use countersign_model::{
    AppraisalId, EventId, ItemId, ProjectId, QUALIFICATION_NAME_BYTES_MAX, UserId, is_qualification_name,
};
use countersign_quality::{certify::Hash, study};
use countersign_store::{
    Conn, Evidence, StoreError, appraisals, certifications, items, projects, qualifications, random, users,
};
use countersign_workflow::refusals::SEPARATION_OF_DUTIES;
use sha2::{Digest, Sha256};

use super::{
    APPRAISERS_MAX, AppraisalDraft, AppraisalLimits, AppraisalView, Bar, Frozen, HOUR_SECONDS, PARTS_MAX,
    PARTS_MIN, PartCandidate, PartLine, REST_HOURS_MAX, TRIALS, VALID_DAYS_MAX, WORKING, words::FORM_VERSION,
};
use crate::{
    Pipeline, PipelineError, Result,
    access::{Action, Resource},
    accounts::checked_name,
    certification::{TEXT_CHARS_MAX, freeze, spelled},
    people::Caller,
    release::material::Material,
    save::current_annotations,
    views::{Page, page_length},
};

/// Confidence where none is named.
const CONFIDENCE_DEFAULT: f64 = 0.95;
/// Longest words that somebody may add to the entropy, bytes.
const ENTROPY_BYTES_MAX: usize = 1_000;

impl Pipeline {
    /// Accepted items of a project that could be parts, with what their labels say: whoever plans is shown that much of the
    /// labels, which is on record.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right; `bad_study`, `bad_cursor`.
    pub async fn appraisal_candidates(
        &self,
        caller: &Caller,
        project: ProjectId,
        classes: &[String],
        people: &[UserId],
        (limit, cursor): (Option<u32>, Option<String>),
    ) -> Result<Page<PartCandidate>> {
        self.require_on(caller, Action::Certify, project)?;
        let after = cursor.as_deref().map(str::parse::<ItemId>).transpose();
        let after = after.map_err(|_| PipelineError::bad("bad_cursor", "cursor", "is not one of ours"))?;
        if people.len() > APPRAISERS_MAX {
            return Err(bad("appraisers", format!("at most {APPRAISERS_MAX} people")));
        }
        let limit = page_length(limit);
        let (mut found, mut new) = (Vec::new(), Vec::new());
        let next = {
            let mut conn = self.store.read().await?;
            let mut known: HashMap<ItemId, Vec<UserId>> = HashMap::new();
            for user in people {
                for item in appraisals::known_to(&mut conn, project, *user).await? {
                    known.entry(item).or_default().push(*user);
                }
            }
            let rows = certifications::candidates(&mut conn, project, after, limit + 1).await?;
            let page = Page::cut(rows, limit, |row| row.item.to_string());
            for row in page.items {
                let item = items::by_id(&mut conn, row.item).await?.ok_or(PipelineError::NotFound)?;
                if self.audits_blind(&mut conn, caller, item.id).await? {
                    continue;
                }
                if self.shows_labels(&mut conn, caller, &item).await? {
                    new.push(item.id);
                }
                found.push(PartCandidate {
                    item: item.id,
                    bad: is_bad(&mut conn, row.read, classes).await?,
                    known_by: known.remove(&item.id).unwrap_or_default(),
                    name: item.name,
                });
            }
            page.next
        };
        if !new.is_empty() {
            self.store
                .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                    Box::pin(async move {
                        for item in new {
                            let evidence = Evidence::new(certifications::LABELS_SHOWN, "item", item.uuid());
                            tx.record(evidence.project(project).item(item))?;
                        }
                        Ok(())
                    })
                })
                .await?;
        }
        Ok(Page { items: found, next })
    }

    /// Freezes a study: parts, references, people, limits. From here on none of it changes; the log holds their hash.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right; `bad_study` naming the field, `separation_of_duties` for whoever would
    /// study themselves, `part_known` for a part that one of the people worked on or was shown, `held_everywhere`,
    /// `content_changed`, `changed_while_frozen`, `name_taken`.
    pub async fn freeze_appraisal(
        &self,
        caller: &Caller,
        project: ProjectId,
        draft: AppraisalDraft,
    ) -> Result<AppraisalView> {
        self.require_on(caller, Action::Certify, project)?;
        let (frozen, parts) = {
            let mut conn = self.store.read().await?;
            let protocol = self.protocol(&mut conn, project).await?;
            check_numbers(&draft)?;
            if let Some(class) = draft.classes.iter().find(|class| protocol.class(class).is_none()) {
                return Err(bad("classes", format!("{class} is no class of the protocol")));
            }
            self.check_appraisers(&mut conn, caller, project, &draft).await?;
            let parts = self.parts(&mut conn, caller, project, &draft).await?;
            (frozen(&draft, project, &parts)?, parts)
        };
        let (by, id) = (caller.user(), AppraisalId(self.store.ids().fresh()));
        let text = spelled(&frozen)?;
        let hash: [u8; 32] = Sha256::digest(&text).into();
        self.store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    let evidence = Evidence::new("appraisal.frozen", "appraisal", id.uuid());
                    let event = tx.record(evidence.project(project).content(hash))?;
                    let row = new_row(id, &frozen, (text, Hash(hash)), by, event, tx.now());
                    let parts = parts.into_iter().map(|part| appraisals::Part { appraisal_id: id, ..part });
                    let person = |user| appraisals::Appraiser {
                        appraisal_id: id,
                        user_id: user,
                        verdict: None,
                        qualification_id: None,
                    };
                    let people = frozen.appraisers.iter().copied().map(person).collect();
                    appraisals::insert(tx, row, parts.collect(), people).await.map_err(taken)?;
                    match appraisals::changed(tx, id).await? {
                        Some(item) => Err(freeze::changed(item)),
                        None => Ok(()),
                    }
                })
            })
            .await?;
        self.appraisal(caller, id).await
    }

    async fn check_appraisers(
        &self,
        conn: &mut Conn,
        caller: &Caller,
        project: ProjectId,
        draft: &AppraisalDraft,
    ) -> Result<()> {
        let mut working: BTreeMap<UserId, bool> = BTreeMap::new();
        for grant in projects::grants(conn, project).await? {
            *working.entry(grant.user_id).or_default() |= WORKING.contains(&grant.role);
        }
        let now = self.store.clock().now();
        for user in &draft.appraisers {
            if *user == caller.user() {
                let message = "Whoever chooses the parts knows their references: somebody else plans a study of your eyes.";
                return Err(PipelineError::refused(SEPARATION_OF_DUTIES, message));
            }
            let found = users::by_id(conn, *user).await?.filter(|user| user.active);
            let Some(found) = found.filter(|_| working.get(user) == Some(&true)) else {
                return Err(bad("appraisers", "somebody who reads, reviews or signs in this project".into()));
            };
            let held = qualifications::of_user_on(conn, *user, project).await?;
            let everywhere = held.iter().any(|row| {
                row.name == draft.qualification
                    && row.project_id.is_none()
                    && row.revoked_at.is_none()
                    && row.valid_until > now
            });
            if everywhere {
                let message = format!(
                    "{} holds {} for every project: a study of this project could not take it away. Have it revoked under \
                     People first.",
                    found.printed_name, draft.qualification
                );
                return Err(PipelineError::refused("held_everywhere", message));
            }
        }
        Ok(())
    }

    /// The parts with their references, by item id; each checked against what was accepted, and against who knows it.
    async fn parts(
        &self,
        conn: &mut Conn,
        caller: &Caller,
        project: ProjectId,
        draft: &AppraisalDraft,
    ) -> Result<Vec<appraisals::Part>> {
        let mut known: Vec<HashSet<ItemId>> = Vec::new();
        for user in &draft.appraisers {
            known.push(appraisals::known_to(conn, project, *user).await?.into_iter().collect());
        }
        let mut parts = Vec::with_capacity(draft.parts.len());
        for wish in &draft.parts {
            let item = items::by_id(conn, wish.item).await?.filter(|item| item.project_id == project);
            let item =
                item.filter(|item| !item.held && matches!(item.state.as_str(), "accepted" | "released"));
            let read = item.as_ref().and_then(|item| item.accepted_read_id);
            let (Some(item), Some(read)) = (item, read) else {
                let message = format!("item {} is no accepted one of this project, or is on hold", wish.item);
                return Err(bad("parts", message));
            };
            if self.audits_blind(conn, caller, item.id).await? {
                let message = format!("item {} is among those whose labels you audit", item.name);
                return Err(bad("parts", message));
            }
            if appraisals::is_gold(conn, item.id).await? {
                let message = format!("item {} is gold: retire it first, or choose another", item.name);
                return Err(bad("parts", message));
            }
            let row = countersign_store::reads::by_id(conn, read).await?.ok_or(PipelineError::NotFound)?;
            let hash = row.content_hash.filter(|_| !row.cannot_assess);
            let Some(hash) = hash else {
                return Err(bad(
                    "parts",
                    format!("item {} cannot be assessed: it has no reference", item.name),
                ));
            };
            let place = known.iter().position(|known| known.contains(&item.id));
            if let Some(user) = place.and_then(|place| draft.appraisers.get(place)) {
                let name =
                    users::by_id(conn, *user).await?.map_or_else(String::new, |user| user.printed_name);
                let message = format!(
                    "{name} worked on {}, or was shown it: choose another part, or another person.",
                    item.name
                );
                return Err(PipelineError::refused("part_known", message));
            }
            let material = Material::of(conn, item.id, read, &hash).await?;
            let counts = |class: &String| draft.classes.is_empty() || draft.classes.contains(class);
            let bad = material.annotations.iter().any(|annotation| counts(&annotation.class));
            let line = PartLine {
                item: item.id.to_string(),
                content_hash: hash.clone(),
                bad,
                borderline: wish.borderline,
            };
            parts.push(appraisals::Part {
                appraisal_id: AppraisalId(uuid::Uuid::nil()),
                item_id: item.id,
                read_id: read,
                content_hash: hash,
                line: spelled(&line)?,
                bad,
                borderline: wish.borderline,
            });
        }
        parts.sort_by_key(|part| part.item_id);
        let bad_ones = parts.iter().filter(|part| part.bad).count();
        if bad_ones == 0 || bad_ones == parts.len() {
            return Err(bad(
                "parts",
                "some bad and some good ones: nothing could tell misses or false alarms".into(),
            ));
        }
        Ok(parts)
    }

    /// Draws the order of every person: by the hash of what was frozen, by noise that is drawn now, and by what the caller
    /// adds. Nobody could have known it when the study was frozen.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right; `separation_of_duties`, `bad_entropy`, `already_drawn`.
    pub async fn draw_appraisal(
        &self,
        caller: &Caller,
        id: AppraisalId,
        words: &str,
    ) -> Result<AppraisalView> {
        if words.len() > ENTROPY_BYTES_MAX {
            let message = format!("at most {ENTROPY_BYTES_MAX} bytes");
            return Err(PipelineError::bad("bad_entropy", "words", message));
        }
        let (row, parts, people) = {
            let mut conn = self.store.read().await?;
            let row = self.led(&mut conn, caller, id, Action::Certify).await?;
            (row, appraisals::parts(&mut conn, id).await?, appraisals::people(&mut conn, id).await?)
        };
        let drawn_before = || PipelineError::refused("already_drawn", "The orders of this study were drawn.");
        if row.state != "frozen" {
            return Err(drawn_before());
        }
        let mut entropy = random::<32>()?.to_vec();
        entropy.extend_from_slice(words.as_bytes());
        let plan: [u8; 32] = Sha256::digest(&row.frozen).into();
        let seed = study::seed(Hash(plan), &entropy);
        let items: Vec<ItemId> = parts.iter().map(|part| part.item_id).collect();
        let users = people.iter().map(|person| person.user_id);
        let turns: Vec<_> = users.flat_map(|user| turns_of(id, user, seed, row.trials, &items)).collect();
        let (entropy, project) = (hex::encode(entropy), row.project_id);
        self.store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    let evidence = Evidence::new("appraisal.seeded", "appraisal", id.uuid());
                    let details = serde_json::json!({ "entropy": entropy });
                    let event = tx.record(evidence.project(project).content(seed.0).details(details))?;
                    let drawn = appraisals::Drawn { entropy, seed: seed.to_string(), turns, event };
                    if appraisals::draw(tx, id, drawn).await? { Ok(()) } else { Err(drawn_before()) }
                })
            })
            .await?;
        self.appraisal(caller, id).await
    }

    /// Whether somebody's work is such that their eyes may be studied, and may judge now.
    pub(super) fn may_appraise(&self, caller: &Caller, project: ProjectId) -> bool {
        self.access.allows(&caller.principal, Action::Appraise, &Resource::Project(project))
    }
}

/// Every turn of a person, in the order that follows from the seed.
fn turns_of(
    id: AppraisalId,
    user: UserId,
    seed: Hash,
    trials: u32,
    items: &[ItemId],
) -> Vec<appraisals::Turn> {
    let ids: Vec<String> = items.iter().map(ToString::to_string).collect();
    let borrowed: Vec<&str> = ids.iter().map(String::as_str).collect();
    let orders = study::turns(seed, &user.to_string(), trials, &borrowed);
    let places =
        (1..).zip(orders).flat_map(|(trial, places)| places.into_iter().map(move |place| (trial, place)));
    let turn = |(number, (trial, place)): (u32, (u32, usize))| appraisals::Turn {
        appraisal_id: id,
        user_id: user,
        number,
        trial,
        item_id: items[place],
        given_at: None,
        bad: None,
        judged_at: None,
    };
    (0..).zip(places).map(turn).collect()
}

/// Whether an accepted read names one of the classes, or anything at all.
async fn is_bad(conn: &mut Conn, read: countersign_model::ReadId, classes: &[String]) -> Result<bool> {
    let annotations = current_annotations(conn, read).await?;
    Ok(annotations.iter().any(|annotation| classes.is_empty() || classes.contains(&annotation.class)))
}

fn check_numbers(draft: &AppraisalDraft) -> Result<()> {
    let question = draft.question.trim().chars().count();
    if question == 0 || question > TEXT_CHARS_MAX || draft.question.contains('\0') {
        return Err(bad("question", format!("say it in 1 to {TEXT_CHARS_MAX} characters")));
    }
    if !(PARTS_MIN..=PARTS_MAX).contains(&draft.parts.len()) {
        return Err(bad("parts", format!("{PARTS_MIN} to {PARTS_MAX} of them")));
    }
    if draft.parts.iter().map(|part| part.item).collect::<BTreeSet<_>>().len() != draft.parts.len() {
        return Err(bad("parts", "one is there twice".into()));
    }
    if draft.appraisers.is_empty() || draft.appraisers.len() > APPRAISERS_MAX {
        return Err(bad("appraisers", format!("1 to {APPRAISERS_MAX} people")));
    }
    if draft.appraisers.iter().collect::<BTreeSet<_>>().len() != draft.appraisers.len() {
        return Err(bad("appraisers", "one is there twice".into()));
    }
    if !TRIALS.contains(&draft.trials) {
        return Err(bad("trials", format!("{} to {}", TRIALS.start(), TRIALS.end())));
    }
    if draft.rest_hours > REST_HOURS_MAX {
        return Err(bad("rest_hours", format!("at most {REST_HOURS_MAX}")));
    }
    if !is_qualification_name(&draft.qualification) {
        let message = format!("use a-z, 0-9 and _ only, at most {QUALIFICATION_NAME_BYTES_MAX} characters");
        return Err(bad("qualification", message));
    }
    if draft.valid_days == 0 || draft.valid_days > VALID_DAYS_MAX {
        return Err(bad("valid_days", format!("1 to {VALID_DAYS_MAX}")));
    }
    let confidence = draft.confidence.unwrap_or(CONFIDENCE_DEFAULT);
    if !(confidence > 0.0 && confidence < 1.0) {
        return Err(bad("confidence", "lies between 0 and 1".into()));
    }
    check_limits(draft.limits.unwrap_or_default())
}

fn check_limits(AppraisalLimits { acceptable, marginal }: AppraisalLimits) -> Result<()> {
    let shares = |bar: Bar| [bar.effectiveness, bar.miss, bar.false_alarm];
    if shares(acceptable).into_iter().chain(shares(marginal)).any(|share| !(0.0..=1.0).contains(&share)) {
        return Err(bad("limits", "between 0 and 1".into()));
    }
    let wider = marginal.effectiveness <= acceptable.effectiveness
        && marginal.miss >= acceptable.miss
        && marginal.false_alarm >= acceptable.false_alarm;
    if wider { Ok(()) } else { Err(bad("limits", "those of marginal are the wider ones".into())) }
}

fn frozen(draft: &AppraisalDraft, project: ProjectId, parts: &[appraisals::Part]) -> Result<Frozen> {
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let root = freeze::root(parts.iter().map(|part| part.line.as_str()));
    let mut appraisers = draft.appraisers.clone();
    appraisers.sort_unstable();
    let mut classes = draft.classes.clone();
    classes.sort_unstable();
    classes.dedup();
    Ok(Frozen {
        version: FORM_VERSION,
        project,
        name: checked_name("name", &draft.name)?,
        question: draft.question.trim().to_owned(),
        classes,
        root: Hash(root.0),
        parts: count(parts.len()),
        bad: count(parts.iter().filter(|part| part.bad).count()),
        borderline: count(parts.iter().filter(|part| part.borderline).count()),
        appraisers,
        trials: draft.trials,
        rest_seconds: draft.rest_hours * HOUR_SECONDS,
        qualification: draft.qualification.clone(),
        valid_days: draft.valid_days,
        confidence: draft.confidence.unwrap_or(CONFIDENCE_DEFAULT),
        limits: draft.limits.unwrap_or_default(),
    })
}

fn new_row(
    id: AppraisalId,
    frozen: &Frozen,
    (text, hash): (String, Hash),
    by: UserId,
    event: EventId,
    now: countersign_model::Instant,
) -> appraisals::Appraisal {
    appraisals::Appraisal {
        id,
        project_id: frozen.project,
        name: frozen.name.clone(),
        state: "frozen".into(),
        frozen: text,
        frozen_hash: hash.to_string(),
        qualification: frozen.qualification.clone(),
        trials: frozen.trials,
        rest_seconds: frozen.rest_seconds,
        entropy: None,
        seed: None,
        stop: None,
        figures: None,
        opened_by: Some(by),
        frozen_at: now,
        frozen_event: event,
        seeded_at: None,
        seeded_event: None,
        ended_at: None,
        ended_event: None,
        issued_by: None,
        issued_at: None,
        issued_event: None,
    }
}

fn bad(place: &'static str, message: String) -> PipelineError {
    PipelineError::bad("bad_study", place, message)
}

fn taken(error: StoreError) -> PipelineError {
    match error {
        StoreError::Conflict { .. } => {
            PipelineError::refused("name_taken", "The project has a study of this name.")
        }
        other => other.into(),
    }
}
