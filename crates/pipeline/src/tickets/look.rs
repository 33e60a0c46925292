//! Looking for what several people understand differently: what reviewers corrected and what independent readers said of the
//! same marks, laid out as answers; the arithmetic is `quality::ambiguity`.

use std::collections::{BTreeMap, BTreeSet};

use countersign_model::{Annotation, AnnotationId, Instant, ItemId, ProjectId, ReadId, UserId};
use countersign_quality::{
    Read, Reads,
    ambiguity::{Rules, Unclear, shared, unclear},
    monitor::Stream,
};
use countersign_store::{Actor, Conn, Evidence, Json, Tx, comparisons, guidelines, jobs, reads, tickets};
use serde::{Deserialize, Serialize};

use crate::{
    Pipeline, PipelineError, Result,
    certification::parsed,
    compare::{marks_of_findings, somebody_could_not},
    monitor::{CLASS, GOLD, OVERLAP, PEERS, Pair, REVIEW},
    save::current_annotations,
};

/// Kind of the job that looks for tickets in a project.
pub(crate) const JOB_TICKETS: &str = "tickets";
/// How long after a check a project is looked at: what comes meanwhile is looked at together, seconds.
const GATHER_SECONDS: i64 = 60;
/// Checks that are looked at: the newest.
const CHECKS_MAX: u32 = 1_000;
/// Comparisons that are looked at: the newest.
const COMPARISONS_MAX: u32 = 500;
/// Items that a ticket names at most.
const EXAMPLES_MAX: usize = 12;
/// Alarms of so long a time are looked at together, seconds.
const WEEK_SECONDS: i64 = 7 * 24 * 3_600;
/// Closed tickets whose agreement is followed: the newest.
const FOLLOWED_MAX: u32 = 50;
/// What a ticket is opened for: that many are alarmed about at once.
const ALARMS: &str = "alarms";
/// The class of what somebody saw nothing in.
const NOTHING: u16 = 0;

/// What a job is about.
#[derive(Serialize, Deserialize)]
struct Work {
    project: ProjectId,
}

/// Answers of two or more about one mark.
struct Mark {
    item: ItemId,
    at: Instant,
    /// Who, and the index of the class that they gave it.
    votes: Vec<(UserId, u16)>,
    /// A reviewer's word about the first of them, not independent reads.
    reviewed: bool,
}

/// Fewest people who have to be divided about a pair themselves, beside those who only corrected them.
const DIVIDED_MIN: usize = 3;

/// Whether several people gave one of two classes where others gave the other, none of them most of the time. Whoever corrects
/// somebody else's marks is no further person who is divided: one annotator and two reviewers are one annotator.
fn divides_several(marks: &[&Mark], classes: (u16, u16)) -> bool {
    let mut by: BTreeMap<UserId, usize> = BTreeMap::new();
    let mut all = 0;
    for mark in marks {
        let gave = |class| mark.votes.iter().any(|vote| vote.1 == class);
        if classes.0 == classes.1 || !gave(classes.0) || !gave(classes.1) {
            continue;
        }
        all += 1;
        let own = if mark.reviewed { 1 } else { mark.votes.len() };
        for (user, class) in mark.votes.iter().take(own) {
            if *class == classes.0 || *class == classes.1 {
                *by.entry(*user).or_default() += 1;
            }
        }
    }
    let reviewed_only = marks.iter().all(|mark| mark.reviewed);
    by.len() >= DIVIDED_MIN && (!reviewed_only || by.values().all(|own| own * 2 <= all))
}

/// Classes and their indices.
#[derive(Default)]
struct Words(Vec<String>);

impl Words {
    fn index(&mut self, word: Option<&str>) -> u16 {
        let Some(word) = word else { return NOTHING };
        let place = self.0.iter().position(|known| known == word).unwrap_or_else(|| {
            self.0.push(word.to_owned());
            self.0.len() - 1
        });
        u16::try_from(place + 1).unwrap_or(u16::MAX)
    }

    fn word(&self, index: u16) -> Option<String> {
        usize::from(index).checked_sub(1).and_then(|place| self.0.get(place).cloned())
    }
}

/// Has a project looked at soon, unless that is to come already.
pub(crate) async fn ask(tx: &mut Tx, project: ProjectId) -> Result<()> {
    if tickets::waiting(tx, project, JOB_TICKETS).await?.is_some() {
        return Ok(());
    }
    let what = serde_json::json!(Work { project });
    let job = jobs::Job::ready(tx, JOB_TICKETS, Some(project), None, &what).after(tx, GATHER_SECONDS);
    Ok(jobs::insert_all(tx, vec![job]).await?)
}

impl Pipeline {
    /// Looks for tickets: the body of a `tickets` job.
    ///
    /// # Errors
    /// When the store fails; the job is tried again.
    pub(crate) async fn run_tickets(&self, job: jobs::Job, worker: String) -> Result<()> {
        let Work { project } = parsed("jobs.payload", &job.payload)?;
        let (job, name) = (job.id, worker);
        let mut conn = self.store.read().await?;
        let (marks, words) = marks(&mut conn, project).await?;
        let published = guidelines::current(&mut conn, project).await?.and_then(|row| row.published_at);
        let known = tickets::of_project(&mut conn, project, FOLLOWED_MAX).await?;
        let mut found = new_pairs(&marks, &words, published, &known);
        let week = self.store.clock().now().plus_seconds(-WEEK_SECONDS);
        found.extend(shared_alarms(&mut conn, project, week, &known).await?);
        drop(conn);
        let counts: Vec<_> = known.iter().map(|ticket| (ticket.id, counts(&marks, &words, ticket))).collect();
        self.store
            .write::<_, PipelineError, _>(Actor::system(), move |tx| {
                Box::pin(async move {
                    for (id, (before, after)) in counts {
                        tickets::count(tx, id, before, after).await?;
                    }
                    for new in found {
                        open(tx, project, new).await?;
                    }
                    if !jobs::finish(tx, job, &name).await? {
                        return Err(PipelineError::refused("job_lost", "Another worker took over."));
                    }
                    tx.record(Evidence::new("tickets.looked", "project", project.uuid()).project(project))?;
                    Ok(())
                })
            })
            .await
    }
}

/// What a new ticket is about.
struct New {
    cause: &'static str,
    stream: String,
    classes: (Option<String>, Option<String>),
    marks: u64,
    expected: Option<f64>,
    chance: Option<f64>,
    people: usize,
    active: usize,
    examples: Vec<ItemId>,
    before: (u64, u64),
}

async fn open(tx: &mut Tx, project: ProjectId, new: New) -> Result<()> {
    let ticket = tickets::Ticket {
        id: tx.fresh(),
        project_id: project,
        cause: new.cause.into(),
        stream: new.stream,
        first_class: new.classes.0,
        second_class: new.classes.1,
        state: "open".into(),
        marks: new.marks,
        expected: new.expected,
        chance: new.chance,
        people: u32::try_from(new.people).unwrap_or(u32::MAX),
        active: u32::try_from(new.active).unwrap_or(u32::MAX),
        examples: Json(new.examples),
        before_both: new.before.0,
        before_either: new.before.1,
        after_both: 0,
        after_either: 0,
        opened_at: tx.now(),
        closed_at: None,
        closed_by: None,
        guideline_id: None,
        reason: None,
    };
    let details =
        serde_json::json!({ "classes": [ticket.first_class, ticket.second_class], "people": ticket.people });
    let evidence = Evidence::new("ticket.opened", "ticket", ticket.id.uuid()).project(project);
    tx.record(evidence.reason(new.cause).details(details))?;
    Ok(tickets::insert(tx, ticket).await?)
}

/// The marks of a project about which two or more said something.
async fn marks(conn: &mut Conn, project: ProjectId) -> Result<(Vec<Mark>, Words)> {
    let (mut marks, mut words) = (Vec::new(), Words::default());
    for check in tickets::checks(conn, project, CHECKS_MAX).await? {
        let Some(by) = check.checked_by.filter(|by| *by != check.user_id) else { continue };
        let pairs: Vec<Pair> = parsed("monitor_checks.pairs", &check.pairs)?;
        // Sent back without a word about a mark, it says nothing about any.
        if check.wrong && pairs.is_empty() {
            continue;
        }
        let said = current_annotations(conn, check.read_id).await?;
        let mut given: Vec<String> =
            said.into_iter().filter(|mark| !mark.is_answer()).map(|mark| mark.class).collect();
        // By when it was read: what was handed in before a guideline is no answer to it.
        let (item, at) = (check.item_id, check.read_at);
        for (right, said) in &pairs {
            if let Some(place) = given.iter().position(|class| Some(class) == said.as_ref()) {
                given.swap_remove(place);
            }
            let (right, said) = (words.index(right.as_deref()), words.index(said.as_deref()));
            marks.push(Mark { item, at, votes: vec![(check.user_id, said), (by, right)], reviewed: true });
        }
        for class in given {
            let class = words.index(Some(&class));
            marks.push(Mark { item, at, votes: vec![(check.user_id, class), (by, class)], reviewed: true });
        }
    }
    for row in comparisons::newest(conn, project, COMPARISONS_MAX).await? {
        // Not to have marked what one could not see is no name for it.
        if somebody_could_not(&row)? {
            continue;
        }
        let mut readers = Vec::new();
        for id in &row.reads.0 {
            readers.push(reader(conn, *id).await?);
        }
        for found in marks_of_findings(&row)? {
            let mut votes = Vec::new();
            for (place, reader) in readers.iter().enumerate() {
                let Some((user, classes)) = reader else { continue };
                let own = found.marks.iter().find(|(of, _)| *of == place).and_then(|(_, id)| classes.get(id));
                votes.push((*user, words.index(own.map(String::as_str))));
            }
            marks.push(Mark { item: row.item_id, at: row.at, votes, reviewed: false });
        }
    }
    Ok((marks, words))
}

/// Who handed in a read, and the classes of its marks.
async fn reader(conn: &mut Conn, id: ReadId) -> Result<Option<(UserId, BTreeMap<AnnotationId, String>)>> {
    let Some(user) = reads::by_id(conn, id).await?.and_then(|read| read.author_user) else { return Ok(None) };
    let marks: Vec<Annotation> = current_annotations(conn, id).await?;
    Ok(Some((user, marks.into_iter().map(|mark| (mark.id, mark.class)).collect())))
}

/// Pairs that divide several people, since the guideline in force was published, and about which there is no ticket yet. What
/// a closed ticket was about before it was closed counts no second time.
fn new_pairs(
    marks: &[Mark],
    words: &Words,
    published: Option<Instant>,
    known: &[tickets::Ticket],
) -> Vec<New> {
    let settled = |mark: &Mark| {
        known.iter().any(|ticket| {
            ticket.closed_at.is_some_and(|closed| mark.at < closed)
                && gives(mark, words, ticket) == (true, true)
        })
    };
    let recent: Vec<&Mark> = marks
        .iter()
        .filter(|mark| published.is_none_or(|published| mark.at >= published) && !settled(mark))
        .collect();
    let Some((table, _)) = table(&recent, words) else { return Vec::new() };
    let Ok(found) = unclear(&table, Rules::default()) else { return Vec::new() };
    let is_open = |classes: &(Option<String>, Option<String>)| {
        known.iter().any(|ticket| {
            ticket.state == "open"
                && ticket.cause == "pair"
                && (&ticket.first_class, &ticket.second_class) == (&classes.0, &classes.1)
        })
    };
    let active: BTreeSet<UserId> =
        recent.iter().flat_map(|mark| mark.votes.iter().map(|vote| vote.0)).collect();
    let new = |pair: Unclear| {
        // Indices follow the order of appearance: a pair is known by its names, in their order.
        let mut names = [words.word(pair.classes.0), words.word(pair.classes.1)];
        names.sort_unstable();
        let [first, second] = names;
        let classes = (first, second);
        let mut examples: Vec<ItemId> = Vec::new();
        for place in pair.examples {
            let item = recent[place].item;
            if examples.len() < EXAMPLES_MAX && !examples.contains(&item) {
                examples.push(item);
            }
        }
        let before = counted(recent.iter().copied(), pair.classes);
        New {
            cause: "pair",
            stream: REVIEW.into(),
            classes,
            marks: pair.items,
            expected: Some(pair.expected),
            chance: Some(pair.chance),
            people: pair.people.len(),
            active: active.len(),
            examples,
            before,
        }
    };
    found
        .into_iter()
        .filter(|pair| divides_several(&recent, pair.classes))
        .map(new)
        .filter(|new| !is_open(&new.classes))
        .collect()
}

/// A ticket for each stream in which a third of those who work are alarmed about within a week. An alarm that somebody found to be
/// false is none.
async fn shared_alarms(
    conn: &mut Conn,
    project: ProjectId,
    week: Instant,
    known: &[tickets::Ticket],
) -> Result<Vec<New>> {
    let alarms = tickets::alarms_since(conn, project, week).await?;
    let streams: BTreeSet<&str> = alarms.iter().map(|alarm| alarm.stream.as_str()).collect();
    let mut found = Vec::new();
    for stream in streams {
        let of_stream = || known.iter().filter(|ticket| ticket.cause == ALARMS && ticket.stream == stream);
        if of_stream().any(|ticket| ticket.state == "open") {
            continue;
        }
        // What led to a ticket before is answered: it leads to no other.
        let closed = of_stream().filter_map(|ticket| ticket.closed_at).max();
        let since = closed.map_or(week, |closed| closed.max(week));
        let recent = alarms.iter().filter(|alarm| alarm.stream == stream && alarm.raised_at >= since);
        let people: Vec<UserId> = recent.map(|alarm| alarm.user_id).collect();
        found.extend(shared_in(conn, (project, stream), since, &people).await?);
    }
    Ok(found)
}

/// The ticket about alarms of one stream, one person each, where there are enough of them.
async fn shared_in(
    conn: &mut Conn,
    (project, stream): (ProjectId, &str),
    since: Instant,
    people: &[UserId],
) -> Result<Option<New>> {
    let distinct: Vec<UserId> = people.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
    let index = |user: &UserId| distinct.iter().position(|known| known == user);
    let kind = kind_of(stream);
    let raised: Vec<(Stream, u32)> =
        people.iter().filter_map(|user| Some((kind.clone(), u32::try_from(index(user)?).ok()?))).collect();
    let active = tickets::active_since(conn, project, stream, since).await?;
    let active = usize::try_from(active).unwrap_or(usize::MAX);
    let Some(found) = shared(&raised, active).into_iter().next() else { return Ok(None) };
    // Nobody is led to an item that is hidden gold.
    let examples = match stream {
        GOLD => Vec::new(),
        _ => {
            let many = u32::try_from(EXAMPLES_MAX).unwrap_or(u32::MAX);
            tickets::wrong_since(conn, project, stream, since, many).await?
        }
    };
    Ok(Some(New {
        cause: ALARMS,
        stream: stream.to_owned(),
        classes: (None, None),
        marks: raised.len() as u64,
        expected: None,
        chance: None,
        people: found.people.len(),
        active: found.active,
        examples,
        before: (0, 0),
    }))
}

/// A stream as the arithmetic knows it.
fn kind_of(stream: &str) -> Stream {
    match stream {
        REVIEW => Stream::Review,
        GOLD => Stream::Gold,
        PEERS => Stream::Peers,
        OVERLAP => Stream::Overlap,
        other => match other.strip_prefix(CLASS) {
            Some(class) => Stream::Class(class.to_owned()),
            // Raises no alarm.
            None => Stream::Time,
        },
    }
}

/// Whether a mark was given the one and the other class of a ticket's pair.
fn gives(mark: &Mark, words: &Words, ticket: &tickets::Ticket) -> (bool, bool) {
    let given = |class: &Option<String>| {
        mark.votes.iter().any(|(_, index)| words.word(*index).as_ref() == class.as_ref())
    };
    (given(&ticket.first_class), given(&ticket.second_class))
}

/// How often a pair divided two answers, and how often either class was given: before and since a ticket was closed. What
/// nobody saw is no class that a mark is given without the other.
fn counts(marks: &[Mark], words: &Words, ticket: &tickets::Ticket) -> ((u64, u64), (u64, u64)) {
    let (mut before, mut after) = ((0, 0), (0, 0));
    if ticket.cause != "pair" {
        return (before, after);
    }
    for mark in marks.iter().filter(|mark| mark.votes.len() > 1) {
        let sum =
            if ticket.closed_at.is_some_and(|closed| mark.at >= closed) { &mut after } else { &mut before };
        let (first, second) = gives(mark, words, ticket);
        sum.0 += u64::from(first && second);
        let absent = (ticket.first_class.is_none(), ticket.second_class.is_none());
        sum.1 += u64::from(first && !absent.0 || second && !absent.1);
    }
    (before, after)
}

fn counted<'a>(marks: impl Iterator<Item = &'a Mark>, classes: (u16, u16)) -> (u64, u64) {
    let (mut both, mut either) = (0, 0);
    for mark in marks.filter(|mark| mark.votes.len() > 1) {
        let given = |class: u16| mark.votes.iter().any(|vote| vote.1 == class);
        both += u64::from(given(classes.0) && given(classes.1));
        let named = |class: u16| class != NOTHING && given(class);
        either += u64::from(named(classes.0) || named(classes.1));
    }
    (both, either)
}

/// Marks as a table of answers, and the people by their indices.
fn table(marks: &[&Mark], words: &Words) -> Option<(Reads, Vec<UserId>)> {
    let (mut people, mut list) = (Vec::new(), Vec::new());
    for (item, mark) in (0..).zip(marks) {
        for (user, class) in &mark.votes {
            let place = people.iter().position(|known| known == user).unwrap_or_else(|| {
                people.push(*user);
                people.len() - 1
            });
            list.push(Read { item, reader: u32::try_from(place).ok()?, class: *class });
        }
    }
    let table = Reads::new(marks.len(), people.len(), words.0.len() + 1, &list).ok()?;
    Some((table, people))
}
