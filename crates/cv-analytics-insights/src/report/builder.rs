//! Makes the report of one week out of a store: one computation for every form and either install.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Range;
use std::pin::pin;
use std::sync::Arc;

use cv_analytics_core::observation_page::ObservationPage;
use cv_analytics_core::store::{Deliveries, Ledger, Observe, StoreError};
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use futures_util::TryStreamExt;

use crate::model::{
    DeliveryCounts, FollowState, FollowedGap, Gap, GapMark, GapType, MatchSummary, Provenance,
    REPORT_VERSION, Report, SkillReport, Trending, Variant, Vocabulary, WEEKS,
};
use crate::report::actions::Advice;
use crate::report::input_hash::InputDigester;
use crate::report::trends::{EightWeeks, Movement, movements};
use crate::settings::gap_marks::MarksInForce;
use crate::settings::{FigureSettings, SettingsError};
use crate::skills::cv_list::CvList;
use crate::skills::dictionary::{SkillDictionary, SkillId};
use crate::tally::asked_skills::SkillIndex;
use crate::tally::gaps::GapSubject;
use crate::tally::history::history;
use crate::tally::weeks::{SkillTally, Tally, WeekTally, distinct};

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The store failed.
    #[error("the store could not be read: {0}")]
    Store(#[from] StoreError),
    /// The settings cannot be used.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The system gave no thread, or ended one.
    #[error("a thread of the report failed: {0}")]
    Thread(#[source] std::io::Error),
}

/// Counts one week and the seven before it, page by page, and writes the report.
pub struct ReportBuilder<'s> {
    week: IsoWeek,
    marks: MarksInForce<'s>,
    dictionary: &'s SkillDictionary,
    cv: Option<&'s CvList>,
    tally: Tally<'s>,
    digester: InputDigester,
}

/// The moments whose interactions a report reads: its week and the seven before.
pub fn period(week: IsoWeek) -> Range<Timestamp> {
    week.earlier(WEEKS - 1).start()..week.end()
}

/// The report of `week` from what `store` holds, under `settings`; `now` only decides whether the
/// week is closed.
///
/// # Errors
/// [`ReportError`].
pub async fn build_report<S: Observe + Ledger>(
    store: &S,
    built_in: &SkillDictionary,
    settings: &FigureSettings,
    week: IsoWeek,
    now: Timestamp,
) -> Result<Report, ReportError> {
    let dictionary = settings.dictionary(built_in)?;
    let cv = settings.cv.as_ref().map(|entries| CvList::new(&dictionary, entries));
    let mut builder = ReportBuilder::new(week, settings, &dictionary, cv.as_ref())?;
    {
        let mut pages = pin!(store.observations(period(week)));
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
    pub fn new(
        week: IsoWeek,
        settings: &'s FigureSettings,
        dictionary: &'s SkillDictionary,
        cv: Option<&'s CvList>,
    ) -> Result<Self, ReportError> {
        let marks = MarksInForce::new(settings, dictionary);
        let tally = Tally::new(week, dictionary, cv, &settings.exclusions, &marks);
        let digester = InputDigester::start(period(week), settings)?;
        Ok(Self { week, marks, dictionary, cv, tally, digester })
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
    pub fn finish(mut self, deliveries: Deliveries, now: Timestamp) -> Result<Report, ReportError> {
        let movements = listed_movements(&self.tally.weeks);
        let mut skills: Vec<SkillReport> =
            movements.iter().map(|(&skill, movement)| self.skill(skill, *movement)).collect();
        skills.sort_by(|a, b| (Reverse(a.queries), &a.skill).cmp(&(Reverse(b.queries), &b.skill)));
        let mut trending: Vec<Trending> = movements
            .iter()
            .filter(|(_, movement)| movement.trend.moved())
            .map(|(&skill, movement)| self.trending(skill, *movement))
            .collect();
        trending
            .sort_by(|a, b| (Reverse(a.queries), &a.skill).cmp(&(Reverse(b.queries), &b.skill)));
        let has_data: Vec<bool> =
            self.tally.weeks.iter().map(|week| week.interactions > 0).collect();
        let followed = self.tally.followed.followed(self.week, &self.tally.asked, &has_data);
        let gaps = self.gaps(&followed);
        let vocabulary = self.vocabulary(&skills);
        let history = history(self.week, &mut self.tally.weeks);

        let weeks = &mut self.tally.weeks;
        let previous = weeks.iter().rev().nth(1);
        let previous = previous.filter(|week| week.interactions > 0).map(WeekTally::match_counts);
        let mut this = weeks.pop().unwrap_or_default();
        let capture = this.capture(DeliveryCounts {
            duplicates: deliveries.duplicates,
            conflicts: deliveries.conflicts,
            dead_letters: deliveries.dead_letters,
        });
        let trend_of = |name: &str| skills.iter().find(|skill| skill.skill == name);
        let advice = Advice {
            capture: &capture,
            gaps: &gaps,
            followed: &followed,
            vocabulary: &vocabulary,
            dictionary: self.dictionary,
        };
        let actions = advice.actions(&mut self.tally.gaps.by_outcome, trend_of);
        let calibration = this.scores.calibration(&self.tally.disagreements);
        let ended_early =
            || ReportError::Thread(std::io::Error::other("the digest's thread ended early"));
        let input_hash = self.digester.finish().ok_or_else(ended_early)?;
        Ok(Report {
            report_version: REPORT_VERSION,
            week: self.week.to_string(),
            from: self.week.start().to_string(),
            to: self.week.end().to_string(),
            closed: self.week.end() <= now,
            capture,
            sessions: distinct(&mut this.sessions),
            matches: MatchSummary { this_week: this.match_counts(), previous },
            latency_ms: this.latency(),
            outcomes: this.outcomes,
            skills,
            trending,
            gaps,
            followed,
            vocabulary,
            actions,
            calibration,
            history,
            provenance: Provenance {
                interactions: this.interactions,
                input_hash,
                excluded: self.tally.excluded.sum(),
                excluded_by: self.tally.excluded,
                version: env!("CARGO_PKG_VERSION").to_owned(),
            },
        })
    }

    fn skill(&mut self, skill: SkillIndex, movement: Movement) -> SkillReport {
        let weeks = self.tally.weeks.iter();
        let count = |week: &WeekTally| {
            (week.interactions > 0)
                .then(|| week.skills.get(&skill).map_or(0, |tally| tally.queries))
        };
        let weeks: Vec<Option<u64>> = weeks.map(count).collect();
        let this = self.tally.weeks.last_mut().and_then(|week| week.skills.get_mut(&skill));
        let none = SkillTally::default();
        let sessions = match this {
            Some(tally) => distinct(&mut tally.sessions),
            None => None,
        };
        let this =
            self.tally.weeks.last().and_then(|week| week.skills.get(&skill)).unwrap_or(&none);
        SkillReport {
            skill: self.tally.asked.name(skill).to_owned(),
            queries: this.queries,
            sessions,
            previous: weeks.iter().rev().nth(1).copied().flatten(),
            trend: movement.trend,
            weeks,
            variants: variants(this),
            full: this.matches.full,
            partial: this.matches.partial,
            none: this.matches.none,
            unanswered: this.unanswered,
        }
    }

    fn trending(&self, skill: SkillIndex, movement: Movement) -> Trending {
        let count = |back: usize| {
            let week = self.tally.weeks.iter().rev().nth(back);
            week.and_then(|week| week.skills.get(&skill)).map_or(0, |tally| tally.queries)
        };
        Trending {
            skill: self.tally.asked.name(skill).to_owned(),
            trend: movement.trend,
            queries: count(0),
            previous: count(1),
            p: (movement.p.unwrap_or(1.0) * 100_000.0).round() / 100_000.0,
        }
    }

    /// This week's gaps, without those that the owner marked as noise.
    fn gaps(&mut self, followed: &[FollowedGap]) -> Vec<Gap> {
        let mut gaps = Vec::new();
        for ((subject, kind), gap) in &mut self.tally.gaps.gaps {
            if gap.asked.queries == 0 {
                continue;
            }
            let (gap_type, name) = match subject {
                GapSubject::Skill(skill) => (GapType::Skill, self.tally.asked.name(*skill)),
                GapSubject::Topic(topic) => (GapType::Topic, topic.as_str()),
            };
            let mark = self.marks.of(name);
            if mark == Some(GapMark::Noise) {
                continue;
            }
            let is_reopened = |followed: &FollowedGap| {
                followed.state == FollowState::Reopened && followed.name == name
            };
            let mut related: Vec<(u64, &str)> = gap
                .related
                .iter()
                .map(|(&skill, &count)| (count, self.tally.asked.name(skill)))
                .collect();
            related.sort_by(|a, b| (Reverse(a.0), a.1).cmp(&(Reverse(b.0), b.1)));
            gaps.push(Gap {
                name: name.to_owned(),
                gap_type,
                kind: *kind,
                queries: gap.asked.queries,
                sessions: distinct(&mut gap.asked.sessions),
                weeks_running: gap.weeks_running(),
                first_seen: self.week.earlier(gap.first_seen_weeks_ago()).to_string(),
                examples: gap.examples(),
                related: related.into_iter().map(|(_, name)| name.to_owned()).collect(),
                mark,
                reopened: kind.is_unmatched() && followed.iter().any(is_reopened),
            });
        }
        gaps.sort_by(|a, b| {
            (Reverse(a.queries), &a.name, a.gap_type, a.kind).cmp(&(
                Reverse(b.queries),
                &b.name,
                b.gap_type,
                b.kind,
            ))
        });
        gaps
    }

    /// Every skill that was named in a question this week, in the order of `skills`.
    fn vocabulary(&self, skills: &[SkillReport]) -> Vec<Vocabulary> {
        let asked = skills.iter().filter(|skill| !skill.variants.is_empty());
        asked
            .map(|skill| Vocabulary {
                skill: skill.skill.clone(),
                on_cv: self
                    .cv
                    .zip(self.dictionary_id(&skill.skill))
                    .map(|(cv, id)| cv.words(id))
                    .unwrap_or_default(),
                asked: skill.variants.clone(),
            })
            .collect()
    }

    fn dictionary_id(&self, name: &str) -> Option<SkillId> {
        self.dictionary.canonical(name)
    }
}

/// The movements of the skills of the last two weeks, by interactions.
fn listed_movements(weeks: &[WeekTally]) -> BTreeMap<SkillIndex, Movement> {
    let mut totals: EightWeeks<Option<u64>> = [None; 8];
    let mut skills: BTreeMap<SkillIndex, EightWeeks<u64>> = BTreeMap::new();
    for (place, week) in weeks.iter().enumerate() {
        if let Some(total) = totals.get_mut(place) {
            *total = (week.interactions > 0).then_some(week.interactions);
        }
        for (&skill, tally) in &week.skills {
            if let Some(count) = skills.entry(skill).or_default().get_mut(place) {
                *count = tally.queries;
            }
        }
    }
    let names: Vec<EightWeeks<u64>> = skills.values().copied().collect();
    let movements = movements(&totals, &names);
    let listed = skills.into_iter().zip(movements);
    let listed = listed.filter(|((_, [.., before, this]), _)| before + this > 0);
    listed.map(|((skill, _), movement)| (skill, movement)).collect()
}

fn variants(tally: &SkillTally) -> Vec<Variant> {
    let variants =
        tally.variants.iter().map(|(text, &queries)| Variant { text: text.clone(), queries });
    let mut variants: Vec<Variant> = variants.collect();
    variants.sort_by(|a, b| (Reverse(a.queries), &a.text).cmp(&(Reverse(b.queries), &b.text)));
    variants
}
