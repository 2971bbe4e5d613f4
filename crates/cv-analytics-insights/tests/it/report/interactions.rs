//! Interactions of a week, in few words.

use cv_analytics_core::event::{
    MatchScore, MatchSource, MatchType, Outcome, Rating, ResponseForm, SessionDigest, Traffic,
};
use cv_analytics_core::store::{
    Deliveries, Observation, ObservedFeedback, ObservedQuery, ObservedResponse,
};
use cv_analytics_core::week::IsoWeek;
use cv_analytics_insights::model::{Gap, NameFigures, Report};
use cv_analytics_insights::report::builder::{BuiltReport, ReportBuilder};
use cv_analytics_insights::settings::FigureSettings;
use cv_analytics_insights::settings::counting_rules::CountingRules;

/// The week of every report.
pub(crate) fn week() -> IsoWeek {
    "2026-W47".parse().unwrap()
}

/// An interaction of the week `weeks_ago`, answered in full after a second.
#[expect(clippy::needless_pass_by_value, reason = "a number or a text, as it is at hand")]
pub(crate) fn asked(id: impl ToString, weeks_ago: u8, text: &str) -> Observation {
    let at = week().earlier(weeks_ago).start().plus_millis(3_600_000);
    Observation {
        request_id: id.to_string(),
        query: Some(ObservedQuery { at, text: text.to_owned() }),
        response: Some(ObservedResponse {
            at: at.plus_millis(1000),
            match_type: Some(MatchType::Full),
            match_score: MatchScore::new(90.0),
            match_source: MatchSource::Unknown,
            outcome: Outcome::Answered,
            outcome_named: true,
            total_time_ms: None,
            form: ResponseForm::Plain,
            matched_skills: Vec::new(),
            missing_skills: Vec::new(),
            topic: None,
            reasoning: None,
            answer: None,
        }),
        session: None,
        traffic: Traffic::Visitor,
        feedback: None,
    }
}

/// The same question `count` times, each by another visitor without a session.
pub(crate) fn many(count: usize, weeks_ago: u8, text: &str) -> Vec<Observation> {
    (0..count).map(|place| asked(format!("{weeks_ago}-{text}-{place}"), weeks_ago, text)).collect()
}

/// What an interaction can be besides answered in full.
pub(crate) trait Change: Sized {
    fn answered(self, change: impl FnOnce(&mut ObservedResponse)) -> Self;
    fn of(self, session: &str) -> Self;
    /// With the visitor's word, a day later.
    fn rated(self, rating: Rating, comment: Option<&str>) -> Self;
    /// Without a response.
    fn silent(self) -> Self;
    /// Without a question.
    fn textless(self) -> Self;

    /// Covered by nothing.
    fn none(self) -> Self {
        self.answered(|response| {
            response.match_type = Some(MatchType::None);
            response.match_score = None;
            response.outcome = Outcome::NoMatch;
        })
    }
    /// Covered in part.
    fn partial(self) -> Self {
        self.answered(|response| response.match_type = Some(MatchType::Partial))
    }
    /// With another outcome.
    fn ended(self, outcome: Outcome) -> Self {
        self.answered(|response| response.outcome = outcome)
    }
    /// With skills that the agent says it misses.
    fn missing(self, names: &[&str]) -> Self {
        self.answered(|response| {
            response.missing_skills = names.iter().map(ToString::to_string).collect();
        })
    }
    /// With skills that the agent says it found.
    fn matched(self, names: &[&str]) -> Self {
        self.answered(|response| {
            response.matched_skills = names.iter().map(ToString::to_string).collect();
        })
    }
    /// With the agent's own reason.
    fn because(self, reasoning: &str) -> Self {
        self.answered(|response| response.reasoning = Some(reasoning.to_owned()))
    }
    /// With a topic that the agent names.
    fn about(self, topic: &str) -> Self {
        self.answered(|response| response.topic = Some(topic.to_owned()))
    }
}

impl Change for Observation {
    fn answered(mut self, change: impl FnOnce(&mut ObservedResponse)) -> Self {
        change(self.response.as_mut().unwrap());
        self
    }

    fn of(mut self, session: &str) -> Self {
        self.session = Some(SessionDigest::of(session));
        self
    }

    fn rated(mut self, rating: Rating, comment: Option<&str>) -> Self {
        let at = self.at().unwrap().plus_millis(24 * 3_600_000);
        let comment = comment.map(str::to_owned);
        self.feedback = Some(ObservedFeedback { at, rating, comment });
        self
    }

    fn silent(mut self) -> Self {
        self.response = None;
        self
    }

    fn textless(mut self) -> Self {
        self.query = None;
        self
    }
}

pub(crate) fn rules(settings: &FigureSettings) -> CountingRules {
    CountingRules::new(settings.clone()).unwrap()
}

/// The report of the week and the phrases of its eight weeks, under `rules`.
pub(crate) fn built(rules: &CountingRules, observations: &[Observation]) -> BuiltReport {
    let mut builder = ReportBuilder::new(week(), rules).unwrap();
    observations.chunks(3).for_each(|page| builder.add(page.iter().cloned().collect()));
    builder.finish(Deliveries::default(), week().end()).unwrap()
}

/// The report of the week under `settings`.
pub(crate) fn report_with(settings: &FigureSettings, observations: &[Observation]) -> Report {
    built(&rules(settings), observations).report
}

/// The report of the week.
pub(crate) fn report(observations: &[Observation]) -> Report {
    report_with(&FigureSettings::default(), observations)
}

pub(crate) fn with_cv(entries: &[&str]) -> FigureSettings {
    let cv = entries.iter().map(ToString::to_string).collect();
    FigureSettings { cv: Some(cv), ..FigureSettings::default() }
}

/// The figures of a skill or topic; panics where the report has no such row.
pub(crate) fn row<'r>(report: &'r Report, name: &str) -> &'r NameFigures {
    let skills = report.skills.iter().map(|row| (&row.skill, &row.figures));
    let mut rows = skills.chain(report.topics.iter().map(|row| (&row.topic, &row.figures)));
    rows.find(|(found, _)| *found == name).unwrap_or_else(|| panic!("no row {name}")).1
}

/// The names of the rows of skills, or of topics.
pub(crate) fn skills(report: &Report) -> Vec<&str> {
    report.skills.iter().map(|row| row.skill.as_str()).collect()
}

/// The names of the rows of topics.
pub(crate) fn topics(report: &Report) -> Vec<&str> {
    report.topics.iter().map(|row| row.topic.as_str()).collect()
}

/// The gap of this name; panics where there is none, or more than one.
pub(crate) fn gap<'r>(report: &'r Report, name: &str) -> &'r Gap {
    let found: Vec<&Gap> = report.gaps.iter().filter(|gap| gap.name == name).collect();
    assert_eq!(found.len(), 1, "gaps of {name}: {found:?}");
    found[0]
}
