//! Judging blind: one picture after the other, in an order that the judge does not know, each answered once.

use countersign_model::{AppraisalId, Instant};
use countersign_store::{Conn, Evidence, appraisals, assets, exposures, items};
use countersign_workflow::refusals::SEPARATION_OF_DUTIES;

use super::{AppraisalAnswer, AppraisalTurn, AppraisalView, Frozen, NOT_JUDGING, judging};
use crate::{
    Pipeline, PipelineError, Result,
    access::{Action, Resource},
    certification::parsed,
    people::Caller,
    pictures::frames,
    pixels::{Picture, WindowLevel, picture},
    review::checked_comment,
};

/// What a person judges now.
struct Standing {
    row: appraisals::Appraisal,
    /// The first turn that they did not judge.
    next: Option<appraisals::Turn>,
    /// The turn's trial begins no earlier.
    rest_until: Option<Instant>,
    judged: u64,
    turns: u64,
}

impl Pipeline {
    /// Gives out the next part that the caller has to judge. Asking again gives the same one; nothing goes back.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] for whoever is not judged in it; `not_judging`; `separation_of_duties` where they worked
    /// on the part meanwhile.
    pub async fn next_turn(&self, caller: &Caller, id: AppraisalId) -> Result<AppraisalTurn> {
        let standing = self.turn_standing(caller, id).await?;
        let turn = standing.next.as_ref().filter(|_| standing.rest_until.is_none());
        let Some(turn) = turn.cloned() else { return turn_view(standing, 0) };
        let item = self.turn_item(caller, &turn, &standing.row).await?;
        if turn.given_at.is_none() {
            let (user, project) = (caller.user(), standing.row.project_id);
            self.store
                .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                    Box::pin(async move {
                        judging(&appraisals::lock(tx, id).await?.ok_or(PipelineError::NotFound)?)?;
                        appraisals::give(tx, id, user, turn.number).await?;
                        // Which part it is is nobody's to know until the study is over.
                        let evidence = Evidence::new("appraisal.given", "appraisal", id.uuid());
                        let what = serde_json::json!({ "number": turn.number, "item": turn.item_id });
                        tx.record(evidence.project(project).details(what))?;
                        Ok(())
                    })
                })
                .await?;
        }
        let shown = u32::try_from(frames(&item.streams.0).count()).unwrap_or(u32::MAX);
        turn_view(standing, shown)
    }

    /// A picture of the part that the caller judges now; the exposure is committed first.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`]; `not_judging`, `not_your_turn`, `separation_of_duties`.
    pub async fn turn_image(
        &self,
        caller: &Caller,
        id: AppraisalId,
        number: u32,
        frame: u32,
        window: Option<WindowLevel>,
    ) -> Result<Picture> {
        let standing = self.turn_standing(caller, id).await?;
        let turn = standing.next.filter(|turn| turn.number == number && turn.given_at.is_some());
        let turn = turn.ok_or_else(not_your_turn)?;
        let item = self.turn_item(caller, &turn, &standing.row).await?;
        let (asset, part) = frames(&item.streams.0).nth(frame as usize).ok_or(PipelineError::NotFound)?;
        let asset = assets::by_id(&mut *self.store.read().await?, asset).await?;
        let asset = asset.ok_or(PipelineError::NotFound)?;
        let asset = assets::Asset { item_id: Some(item.id), ..asset };
        let exposed = exposures::ensure(&self.store, caller.viewer(), &asset, appraisals::PURPOSE).await?;
        let bytes = self.store.cleared().show(&exposed).await?;
        picture(asset.kind, bytes, part, window).await
    }

    /// Keeps an answer, for good, and gives out what comes next. With the last answer of all the study is over, and what
    /// came of it is worked out in the same write.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`]; `not_judging`, `not_your_turn`, `separation_of_duties`.
    pub async fn judge_turn(
        &self,
        caller: &Caller,
        id: AppraisalId,
        number: u32,
        answer: AppraisalAnswer,
    ) -> Result<AppraisalTurn> {
        let standing = self.turn_standing(caller, id).await?;
        let turn = standing.next.filter(|turn| turn.number == number).ok_or_else(not_your_turn)?;
        self.turn_item(caller, &turn, &standing.row).await?;
        let (user, project) = (caller.user(), standing.row.project_id);
        let over = self
            .store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    let row = appraisals::lock(tx, id).await?.ok_or(PipelineError::NotFound)?;
                    judging(&row)?;
                    if !appraisals::judge(tx, id, user, number, answer.bad).await? {
                        return Err(not_your_turn());
                    }
                    let evidence = Evidence::new("appraisal.judged", "appraisal", id.uuid());
                    let said =
                        serde_json::json!({ "number": number, "item": turn.item_id, "bad": answer.bad });
                    tx.record(evidence.project(project).details(said))?;
                    let progress = appraisals::progress(tx, id).await?;
                    let through = progress.iter().all(|one| one.judged == one.turns);
                    if through {
                        super::figures::close(tx, &row, "through", None).await?;
                    }
                    Ok(through)
                })
            })
            .await?;
        if !over {
            match self.next_turn(caller, id).await {
                // The answer is kept; the last one of somebody else, or an end by hand, came right after it.
                Err(PipelineError::Refused(refusal)) if refusal.code == NOT_JUDGING => {}
                next => return next,
            }
        }
        let frozen: Frozen = parsed("appraisals.frozen", &standing.row.frozen)?;
        let (judged, turns) = (small(standing.judged) + 1, small(standing.turns));
        Ok(AppraisalTurn {
            question: frozen.question,
            number: None,
            trial: standing.row.trials,
            trials: standing.row.trials,
            frames: 0,
            judged,
            turns,
            rest_until: None,
        })
    }

    /// Ends a study before everybody is through. One in which nothing was judged says nothing and is void.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right; `separation_of_duties`, `not_judging`, `reason_required`.
    pub async fn end_appraisal(
        &self,
        caller: &Caller,
        id: AppraisalId,
        reason: String,
    ) -> Result<AppraisalView> {
        self.led(&mut *self.store.read().await?, caller, id, Action::Certify).await?;
        let reason = checked_comment(Some(reason))?;
        let reason = reason.ok_or_else(|| PipelineError::bad("reason_required", "reason", "say why"))?;
        self.store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    let row = appraisals::lock(tx, id).await?.ok_or(PipelineError::NotFound)?;
                    if row.state != "frozen" {
                        judging(&row)?;
                    }
                    let begun = appraisals::progress(tx, id).await?.iter().any(|one| one.judged > 0);
                    if begun {
                        return super::figures::close(tx, &row, "ended", Some(reason)).await;
                    }
                    let evidence = Evidence::new("appraisal.ended", "appraisal", id.uuid());
                    let evidence = evidence.project(row.project_id).reason("withdrawn");
                    let event = tx.record(evidence.details(serde_json::json!({ "reason": reason })))?;
                    Ok(appraisals::withdraw(tx, id, event).await?)
                })
            })
            .await?;
        self.appraisal(caller, id).await
    }

    async fn turn_standing(&self, caller: &Caller, id: AppraisalId) -> Result<Standing> {
        let mut conn = self.store.read().await?;
        let row = appraisals::by_id(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
        let user = caller.user();
        if !self.may_appraise(caller, row.project_id)
            || !appraisals::is_appraiser(&mut conn, id, user).await?
        {
            let on = Resource::Project(row.project_id);
            return Err(caller.denied_by_policy(Action::Appraise, &on));
        }
        judging(&row)?;
        let next = appraisals::next(&mut conn, id, user).await?;
        let rest_until = self.rest(&mut conn, &row, next.as_ref()).await?;
        let progress = appraisals::progress(&mut conn, id).await?;
        let mine = progress.into_iter().find(|one| one.user_id == user);
        let (judged, turns) = mine.map_or((0, 0), |mine| (mine.judged, mine.turns));
        Ok(Standing { row, next, rest_until, judged, turns })
    }

    /// Until when a person rests before the trial that comes next; nothing within a trial.
    async fn rest(
        &self,
        conn: &mut Conn,
        row: &appraisals::Appraisal,
        next: Option<&appraisals::Turn>,
    ) -> Result<Option<Instant>> {
        // Nothing of the turn's trial was judged before it, where the last answer is of another trial.
        let Some(turn) = next.filter(|turn| turn.trial > 1 && row.rest_seconds > 0) else { return Ok(None) };
        let last = appraisals::last_judged(conn, row.id, turn.user_id).await?;
        let last = last.filter(|last| last.trial < turn.trial).and_then(|last| last.judged_at);
        let until = last.map(|at| at.plus_seconds(row.rest_seconds.into()));
        Ok(until.filter(|until| self.store.clock().now() < *until))
    }

    /// The item of a turn, if the caller may judge it.
    async fn turn_item(
        &self,
        caller: &Caller,
        turn: &appraisals::Turn,
        row: &appraisals::Appraisal,
    ) -> Result<items::Item> {
        let (item, resource) = {
            let mut conn = self.store.read().await?;
            let item = items::by_id(&mut conn, turn.item_id).await?.ok_or(PipelineError::NotFound)?;
            let resource = self.item_resource(&mut conn, &item).await?;
            (item, resource)
        };
        if let Resource::Item { participants, .. } = &resource
            && participants.contains(&caller.user())
        {
            let message = "You worked on this part since the study was planned: have it ended.";
            let refused = PipelineError::refused(SEPARATION_OF_DUTIES, message);
            return Err(self.keep_refusal(caller, row.project_id, item.id, refused).await?);
        }
        self.require(caller, Action::AppraiseItem, &resource)?;
        Ok(item)
    }
}

fn turn_view(standing: Standing, frames: u32) -> Result<AppraisalTurn> {
    let frozen: Frozen = parsed("appraisals.frozen", &standing.row.frozen)?;
    let trial = standing.next.as_ref().map_or(standing.row.trials, |turn| turn.trial);
    Ok(AppraisalTurn {
        question: frozen.question,
        number: standing.next.filter(|_| standing.rest_until.is_none()).map(|turn| turn.number),
        trial,
        trials: standing.row.trials,
        frames,
        judged: small(standing.judged),
        turns: small(standing.turns),
        rest_until: standing.rest_until,
    })
}

fn small(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn not_your_turn() -> PipelineError {
    let message = "This is not the part that you judge now: each is answered once, in its order.";
    PipelineError::refused("not_your_turn", message)
}
