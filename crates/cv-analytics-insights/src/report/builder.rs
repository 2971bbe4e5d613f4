//! Makes the report of one week out of a store: one computation for every form and either install.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;

use cv_analytics_core::store::observation_page::ObservationPage;
use cv_analytics_core::store::{Deliveries, ReportSource};
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use futures_util::TryStreamExt;
use rustc_hash::FxBuildHasher;

use crate::model::{
    DeliveryCounts, Gap, GapKind, GapMark, MatchSummary, NameType, OTHERS, PreviousMatches,
    Provenance, REPORT_VERSION, Report, SkillReport, TrackedGap, TrackedState, Vocabulary, WEEKS,
    names_of,
};
use crate::report::ReportError;
use crate::report::actions::Advice;
use crate::report::input_hash::InputDigester;
use crate::report::names::NameRows;
use crate::report::together::together;
use crate::settings::counting_rules::CountingRules;
use crate::tally::gaps::OneGap;
use crate::tally::history::history;
use crate::tally::names::Name;
use crate::tally::weeks::{Tally, VariantTally, WeekTally};

/// Fewer responses than this do not show that an agent reports only its good answers.
const MIN_RESPONSES: u64 = 5;
/// Skills beside a gap that it names.
const MAX_RELATED: usize = 50;

/// Counts one week and the seven before it, page by page, and writes the report.
pub struct ReportBuilder<'s> {
    week: IsoWeek,
    rules: &'s CountingRules,
    tally: Tally<'s>,
    digester: InputDigester,
}

/// A report, and what it takes to find the questions behind its figures again.
#[derive(Clone, Debug)]
pub struct BuiltReport {
    /// The report.
    pub report: Report,
    /// The phrases that are topics, since three conversations of the eight weeks share them.
    pub shared_phrases: BTreeSet<String>,
}

/// The moments whose interactions a report reads: its week and the seven before.
pub fn period(week: IsoWeek) -> Range<Timestamp> {
    week.earlier(WEEKS - 1).start()..week.end()
}

/// The report of `week` from what `store` holds, under `rules`; `now` only decides whether the week
/// is closed.
///
/// # Errors
/// [`ReportError`].
pub async fn build_report(
    store: &dyn ReportSource,
    rules: &CountingRules,
    week: IsoWeek,
    now: Timestamp,
) -> Result<BuiltReport, ReportError> {
    let mut builder = ReportBuilder::new(week, rules)?;
    {
        let mut pages = store.scan(period(week));
        while let Some(page) = pages.try_next().await? {
            builder.add(page);
        }
    }
    let deliveries = store.deliveries(week).await?;
    builder.finish(deliveries, now)
}

impl<'s> ReportBuilder<'s> {
    /// Begins a report.
    ///
    /// # Errors
    /// [`ReportError::Settings`] where the settings cannot be written, [`ReportError::Thread`].
    pub fn new(week: IsoWeek, rules: &'s CountingRules) -> Result<Self, ReportError> {
        let digester = InputDigester::start(period(week), &rules.settings)?;
        Ok(Self { week, rules, tally: Tally::new(week, rules), digester })
    }

    /// Counts a page of interactions, each of which has to come once.
    pub fn add(&mut self, page: ObservationPage) {
        let page = Arc::new(page);
        self.digester.add(Arc::clone(&page));
        self.tally.add_all(&page);
    }

    /// The report of all that was added.
    ///
    /// # Errors
    /// [`ReportError::Thread`].
    pub fn finish(
        mut self,
        deliveries: Deliveries,
        now: Timestamp,
    ) -> Result<BuiltReport, ReportError> {
        self.digester.close();
        let shared_phrases = self.tally.select_shared_phrases();
        let history = history(self.week, &mut self.tally.weeks);
        let rows = NameRows::new(&mut self.tally.weeks, &self.tally.reader.names);
        let has_data: Vec<bool> =
            self.tally.weeks.iter().map(|week| week.interactions > 0).collect();
        let names = &self.tally.reader.names;
        let followed = self.tally.tracker.report(self.week, names, &has_data);
        let gaps = self.gaps(&rows, &followed);
        let vocabulary = self.vocabulary(&rows.skills);
        let never_asked = self.never_asked();
        let good_answers_only = self.good_answers_only();
        let words = self.words();

        let Tally { weeks, reader, gaps: gap_tally, disagreements, excluded, .. } = &mut self.tally;
        let previous = weeks.iter().rev().nth(1);
        let previous = previous
            .filter(|week| week.interactions > 0)
            .map(|week| PreviousMatches { counts: week.match_counts(), sources: week.sources });
        let is_given = weeks.iter().any(|week| week.feedback.is_given());
        let mut this = weeks.pop().unwrap_or_default();
        let capture = this.capture(DeliveryCounts {
            duplicates: deliveries.duplicates,
            conflicts: deliveries.conflicts,
            dead_letters: deliveries.dead_letters,
            refused: deliveries.refused,
            waiting: deliveries.waiting,
            feedback_waiting: deliveries.feedback_waiting,
        });
        let by_outcome = gap_tally.by_outcome.iter_mut();
        let advice = Advice {
            capture: &capture,
            interactions: this.interactions,
            gaps: &gaps,
            tracked: &followed,
            vocabulary: &vocabulary,
            dictionary: &self.rules.dictionary,
            figures: names_of(&rows.skills, &rows.topics)
                .map(|(name_type, name, figures)| ((name_type, name), figures))
                .collect(),
            words,
            by_outcome: by_outcome
                .map(|(outcome, asked)| (*outcome, asked.queries, asked.conversations.count()))
                .collect(),
            good_answers_only,
            lone_halves: this.conversations_of(|moment| moment.asked != moment.answered),
            lone_responses: this.conversations_of(|moment| !moment.asked),
        };
        let actions = advice.actions();
        let calibration = this.scores.calibration(disagreements);
        let conversations = this.conversations();
        let ended_early =
            || ReportError::Thread(std::io::Error::other("the digest's thread ended early"));
        let input_hash = self.digester.finish().ok_or_else(ended_early)?;
        let report = Report {
            report_version: REPORT_VERSION,
            week: self.week.to_string(),
            from: self.week.start().to_string(),
            to: self.week.end().to_string(),
            closed: self.week.end() <= now,
            capture,
            conversations,
            matches: MatchSummary {
                this_week: this.match_counts(),
                sources: this.sources,
                previous,
            },
            feedback: is_given.then(|| std::mem::take(&mut this.feedback).report()),
            latency_ms: this.latency(),
            together: together(conversations, &mut this.names, &reader.names),
            outcomes: this.outcomes,
            skills: rows.skills,
            topics: rows.topics,
            trending: rows.trending,
            gaps,
            never_asked,
            followed,
            vocabulary,
            actions,
            calibration,
            history,
            provenance: Provenance {
                interactions: this.interactions,
                input_hash,
                excluded: excluded.sum(),
                excluded_by: *excluded,
                version: env!("CARGO_PKG_VERSION").to_owned(),
            },
        };
        Ok(BuiltReport { report, shared_phrases })
    }

    /// This week's gaps without those marked as noise; names that share a row share a gap of each kind.
    fn gaps(&mut self, rows: &NameRows, tracked: &[TrackedGap]) -> Vec<Gap> {
        let all = std::mem::take(&mut self.tally.gaps.gaps);
        let names = &self.tally.reader.names;
        let mut folded: HashMap<(NameType, GapKind), OneGap, FxBuildHasher> = HashMap::default();
        let mut gaps = Vec::new();
        for ((name, kind), mut gap) in all {
            if gap.asked.queries == 0 {
                continue;
            }
            if rows.folded.contains(&name) {
                folded.entry((name.name_type(), kind)).or_default().merge(gap);
                continue;
            }
            let text = names.of(name);
            let mark = self.rules.marks.of(text);
            if mark == Some(GapMark::Noise) {
                continue;
            }
            let is_reopened = |tracked: &TrackedGap| {
                tracked.state == TrackedState::Reopened
                    && tracked.name == text
                    && tracked.name_type == name.name_type()
            };
            gaps.push(Gap {
                mark,
                reopened: kind.is_uncovered() && tracked.iter().any(is_reopened),
                related: self.related(name, &gap),
                ..self.gap((text, name.name_type(), kind), &mut gap)
            });
        }
        for ((name_type, kind), mut gap) in folded {
            gaps.push(self.gap((OTHERS, name_type, kind), &mut gap));
        }
        gaps.sort_by(|a, b| {
            (Reverse(a.queries), &a.name, a.name_type, a.kind).cmp(&(
                Reverse(b.queries),
                &b.name,
                b.name_type,
                b.kind,
            ))
        });
        gaps
    }

    fn gap(&self, (name, name_type, kind): (&str, NameType, GapKind), gap: &mut OneGap) -> Gap {
        let (examples, example_reasons, example_answers) = gap.take_examples();
        Gap {
            name: name.to_owned(),
            name_type,
            kind,
            queries: gap.asked.queries,
            partly: gap.partly,
            conversations: gap.asked.conversations.count(),
            weeks_running: gap.weeks_running(),
            first_seen: self.week.earlier(gap.first_seen_weeks_ago()).to_string(),
            examples,
            example_reasons,
            example_answers,
            feedback: gap.thumbs.if_any(),
            related: Vec::new(),
            mark: None,
            reopened: false,
        }
    }

    /// Other skills in a gap's interactions, most often first, then by name.
    fn related(&self, name: Name, gap: &OneGap) -> Vec<String> {
        let names = &self.tally.reader.names;
        let related = gap.related(name).into_iter();
        let mut related: Vec<(u64, &str)> =
            related.map(|(skill, count)| (count, names.of(Name::Skill(skill)))).collect();
        related.sort_by(|a, b| (Reverse(a.0), a.1).cmp(&(Reverse(b.0), b.1)));
        related.into_iter().take(MAX_RELATED).map(|(_, name)| name.to_owned()).collect()
    }

    /// Every skill that was named in a question this week, in the order of `skills`.
    fn vocabulary(&self, skills: &[SkillReport]) -> Vec<Vocabulary> {
        let asked = skills.iter().filter(|skill| !skill.variants.is_empty());
        let words = |name: &str| {
            let skill = self.rules.dictionary.canonical(name)?;
            Some(self.rules.cv.as_ref()?.words(skill))
        };
        asked
            .map(|skill| Vocabulary {
                skill: skill.skill.clone(),
                on_cv: words(&skill.skill).unwrap_or_default(),
                asked: skill.variants.clone(),
            })
            .collect()
    }

    /// Skills of the CV list that nobody asked about, by name.
    fn never_asked(&self) -> Option<Vec<String>> {
        self.rules.cv.as_ref()?;
        let asked = |name: Name| self.tally.weeks.iter().any(|week| week.names.contains_key(&name));
        let names = self.tally.cv.skills().map(Name::Skill).filter(|&name| !asked(name));
        let mut names: Vec<String> =
            names.map(|name| self.tally.reader.names.of(name).to_owned()).collect();
        names.sort_unstable();
        Some(names)
    }

    /// This week's words for each skill, by the skill's name.
    fn words(&mut self) -> HashMap<String, Vec<(String, VariantTally)>> {
        let Tally { weeks, reader, .. } = &mut self.tally;
        let variants = weeks.last_mut().map(|week| std::mem::take(&mut week.variants));
        let named = variants.into_iter().flatten();
        named
            .map(|(skill, words)| {
                (reader.names.of(Name::Skill(skill)).to_owned(), words.into_iter().collect())
            })
            .collect()
    }

    /// This week's responses and their conversations where no response of the eight weeks tells of
    /// a bad answer. An agent that answers every question of earlier weeks reports all its answers:
    /// what is unanswered now is an outage, and what was partial is not its best.
    fn good_answers_only(&self) -> Option<(u64, u64)> {
        let (this, earlier) = self.tally.weeks.split_last()?;
        let weeks = || std::iter::once(this).chain(earlier);
        if this.responses < MIN_RESPONSES || weeks().any(|week| week.telling_responses > 0) {
            return None;
        }
        let unanswered = |week: &WeekTally| week.queries - week.joined;
        let was_complete = earlier.iter().any(|week| week.queries > 0)
            && earlier.iter().all(|week| unanswered(week) == 0);
        let is_complete = this.queries > 0 && unanswered(this) == 0;
        let falls_short = weeks().any(|week| week.shortcomings > 0);
        if was_complete && unanswered(this) > 0 || is_complete && falls_short {
            return None;
        }
        Some((this.responses, this.conversations_of(|moment| moment.answered)))
    }
}
