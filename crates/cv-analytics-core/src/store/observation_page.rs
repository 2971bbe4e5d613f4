//! Many interactions at once, as a report reads them: all their texts are in one buffer, so that a
//! row costs no allocation of its own. A report reads millions.

use std::ops::Range;

use crate::store::{Observation, ObservedFeedback, ObservedQuery, ObservedResponse};

/// A page of interactions.
#[derive(Clone, Debug, Default)]
pub struct ObservationPage {
    /// Every text, one after another.
    text: String,
    /// Where each name of a skill is in it.
    skills: Vec<Range<usize>>,
    /// The interactions, with places in `text` and in `skills`.
    rows: Vec<Observation<Range<usize>, Range<usize>>>,
}

/// An interaction whose texts are in a page.
pub type PagedObservation<'p> = Observation<&'p str, SkillNames<'p>>;

/// The skills that a response names, in its order.
#[derive(Clone, Copy, Debug)]
pub struct SkillNames<'p> {
    text: &'p str,
    places: &'p [Range<usize>],
}

impl ObservationPage {
    /// An empty page with room for `rows` interactions.
    pub fn with_capacity(rows: usize) -> Self {
        Self {
            text: String::with_capacity(rows * 160),
            skills: Vec::with_capacity(rows * 3),
            rows: Vec::with_capacity(rows),
        }
    }

    /// How many interactions there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Adds an interaction.
    pub fn push<Text: AsRef<str>, Texts: IntoIterator<Item: AsRef<str>>>(
        &mut self,
        observation: Observation<Text, Texts>,
    ) {
        let Observation { request_id, query, response, session, traffic, feedback } = observation;
        let request_id = self.put(request_id.as_ref());
        let query =
            query.map(|query| ObservedQuery { at: query.at, text: self.put(query.text.as_ref()) });
        let response = response.map(|response| ObservedResponse {
            at: response.at,
            match_type: response.match_type,
            match_score: response.match_score,
            match_source: response.match_source,
            outcome: response.outcome,
            outcome_named: response.outcome_named,
            total_time_ms: response.total_time_ms,
            form: response.form,
            matched_skills: self.put_all(response.matched_skills),
            missing_skills: self.put_all(response.missing_skills),
            topic: response.topic.map(|topic| self.put(topic.as_ref())),
            reasoning: response.reasoning.map(|reasoning| self.put(reasoning.as_ref())),
            answer: response.answer.map(|answer| self.put(answer.as_ref())),
        });
        let feedback = feedback.map(|feedback| ObservedFeedback {
            at: feedback.at,
            rating: feedback.rating,
            comment: feedback.comment.map(|comment| self.put(comment.as_ref())),
        });
        self.rows.push(Observation { request_id, query, response, session, traffic, feedback });
    }

    /// The interactions in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = PagedObservation<'_>> {
        self.rows.iter().map(|row| Observation {
            request_id: self.text(&row.request_id),
            query: row
                .query
                .as_ref()
                .map(|query| ObservedQuery { at: query.at, text: self.text(&query.text) }),
            response: row.response.as_ref().map(|response| ObservedResponse {
                at: response.at,
                match_type: response.match_type,
                match_score: response.match_score,
                match_source: response.match_source,
                outcome: response.outcome,
                outcome_named: response.outcome_named,
                total_time_ms: response.total_time_ms,
                form: response.form,
                matched_skills: self.names(&response.matched_skills),
                missing_skills: self.names(&response.missing_skills),
                topic: response.topic.as_ref().map(|topic| self.text(topic)),
                reasoning: response.reasoning.as_ref().map(|reasoning| self.text(reasoning)),
                answer: response.answer.as_ref().map(|answer| self.text(answer)),
            }),
            session: row.session,
            traffic: row.traffic,
            feedback: row.feedback.as_ref().map(|feedback| ObservedFeedback {
                at: feedback.at,
                rating: feedback.rating,
                comment: feedback.comment.as_ref().map(|comment| self.text(comment)),
            }),
        })
    }

    fn put(&mut self, text: &str) -> Range<usize> {
        let start = self.text.len();
        self.text.push_str(text);
        start..self.text.len()
    }

    fn put_all(&mut self, texts: impl IntoIterator<Item: AsRef<str>>) -> Range<usize> {
        let start = self.skills.len();
        for text in texts {
            let place = self.put(text.as_ref());
            self.skills.push(place);
        }
        start..self.skills.len()
    }

    fn text(&self, place: &Range<usize>) -> &str {
        self.text.get(place.clone()).unwrap_or_default()
    }

    fn names(&self, places: &Range<usize>) -> SkillNames<'_> {
        let places = self.skills.get(places.clone()).unwrap_or_default();
        SkillNames { text: &self.text, places }
    }
}

impl FromIterator<Observation> for ObservationPage {
    fn from_iter<I: IntoIterator<Item = Observation>>(observations: I) -> Self {
        let mut page = Self::default();
        for observation in observations {
            page.push(observation);
        }
        page
    }
}

impl<'p> SkillNames<'p> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The names.
    pub fn iter(&self) -> impl Iterator<Item = &'p str> + use<'p> {
        let text = self.text;
        self.places.iter().map(move |place| text.get(place.clone()).unwrap_or_default())
    }
}

impl PagedObservation<'_> {
    /// The same with its own texts.
    pub fn to_owned(&self) -> Observation {
        let names = |names: &SkillNames<'_>| names.iter().map(str::to_owned).collect();
        Observation {
            request_id: self.request_id.to_owned(),
            query: self
                .query
                .as_ref()
                .map(|query| ObservedQuery { at: query.at, text: query.text.to_owned() }),
            response: self.response.as_ref().map(|response| ObservedResponse {
                at: response.at,
                match_type: response.match_type,
                match_score: response.match_score,
                match_source: response.match_source,
                outcome: response.outcome,
                outcome_named: response.outcome_named,
                total_time_ms: response.total_time_ms,
                form: response.form,
                matched_skills: names(&response.matched_skills),
                missing_skills: names(&response.missing_skills),
                topic: response.topic.map(str::to_owned),
                reasoning: response.reasoning.map(str::to_owned),
                answer: response.answer.map(str::to_owned),
            }),
            session: self.session,
            traffic: self.traffic,
            feedback: self.feedback.as_ref().map(|feedback| ObservedFeedback {
                at: feedback.at,
                rating: feedback.rating,
                comment: feedback.comment.map(str::to_owned),
            }),
        }
    }
}
