//! Questions as recruiters ask them: some thousand texts, the same for the same seed.

use cv_analytics_harness::seeded::Seeded;

const TEMPLATES: [&str; 48] = [
    "Do you know {}?",
    "How many years of {} do you have?",
    "Have you used {} in production?",
    "Which projects have you built with {}?",
    "Could you describe your experience with {} and {}?",
    "Are you comfortable with {}?",
    "What do you think of {} compared with {}?",
    "Is {} something that you would use again?",
    "We run {} at scale. Have you done that?",
    "Our team works with {} every day; how strong are you there?",
    "Tell me about the hardest problem that you solved with {}.",
    "Have you led a team that uses {}?",
    "When did you last work with {}?",
    "Do you hold a certificate for {}?",
    "How would you teach {} to a junior?",
    "Can you migrate us from {} to {}?",
    "Did you set up {} yourself, or was it there?",
    "What is your favourite part of {}?",
    "Do you prefer {} or {}?",
    "How do you test code that depends on {}?",
    "Have you contributed to {}?",
    "Which version of {} did you use?",
    "Have you tuned {} for speed?",
    "Who decided on {} in your last role?",
    "Is {} on your CV?",
    "Rate your {} from one to ten, please.",
    "any exp with {} ?",
    "{} yes or no",
    "I am hiring for {}, are you interested?",
    "Looking for somebody with {} and {}, does that fit?",
    "How would you secure {}?",
    "What went wrong when you introduced {}?",
    "Could you start a {} project from nothing?",
    "Have you replaced {} by something better?",
    "How do you monitor {}?",
    "What are your salary expectations?",
    "What is your notice period?",
    "Do you need a visa to work in the UK?",
    "Are you open to remote work?",
    "Would you relocate?",
    "Where did you go to university?",
    "Are you available for a contract of six months?",
    "Do you have references?",
    "What motivates you?",
    "Which languages do you speak?",
    "Have you managed people?",
    "Why did you leave your last job?",
    "Can we have a call next week?",
];

const SKILLS: [&str; 96] = [
    "Rust",
    "Go",
    "Python",
    "Java",
    "Kotlin",
    "Scala",
    "TypeScript",
    "JavaScript",
    "C++",
    "C#",
    "Ruby",
    "PHP",
    "Swift",
    "Elixir",
    "Haskell",
    "Perl",
    "k8s",
    "Kubernetes",
    "Docker",
    "Terraform",
    "Ansible",
    "Pulumi",
    "Helm",
    "Argo CD",
    "AWS",
    "Azure",
    "GCP",
    "Lambda",
    "DynamoDB",
    "SQS",
    "S3",
    "ECS",
    "CloudFormation",
    "EventBridge",
    "PostgreSQL",
    "postgres",
    "MySQL",
    "SQLite",
    "MongoDB",
    "Redis",
    "Cassandra",
    "Elasticsearch",
    "OpenSearch",
    "Kafka",
    "RabbitMQ",
    "NATS",
    "gRPC",
    "GraphQL",
    "REST",
    "OpenAPI",
    "React",
    "Vue",
    "Angular",
    "Svelte",
    "Next.js",
    "Node.js",
    "Deno",
    "Django",
    "Flask",
    "FastAPI",
    "Spring Boot",
    "Rails",
    "Laravel",
    ".NET",
    "dot net",
    "Axum",
    "Tokio",
    "Spark",
    "Airflow",
    "dbt",
    "Snowflake",
    "BigQuery",
    "Databricks",
    "Pandas",
    "NumPy",
    "PyTorch",
    "TensorFlow",
    "LangChain",
    "RAG",
    "LLMs",
    "prompt engineering",
    "Prometheus",
    "Grafana",
    "Datadog",
    "OpenTelemetry",
    "Jenkins",
    "GitHub Actions",
    "GitLab CI",
    "CircleCI",
    "Linux",
    "Nginx",
    "Bash",
    "WebAssembly",
    "microservices",
    "event-driven architecture",
    "team lead",
];

/// A question, and the skills that it names. Some are asked far more often than others.
pub(crate) fn question(seeded: &mut Seeded) -> (String, Vec<&'static str>) {
    let template = seeded.choice(&TEMPLATES).copied().unwrap_or_default();
    let mut parts = template.split("{}");
    let mut text = parts.next().unwrap_or_default().to_owned();
    let mut skills = Vec::new();
    for part in parts {
        // The smaller of two numbers: the first skills are the common ones.
        let place = seeded.below(SKILLS.len()).min(seeded.below(SKILLS.len()));
        let skill = SKILLS.get(place).copied().unwrap_or_default();
        text.push_str(skill);
        text.push_str(part);
        skills.push(skill);
    }
    (text, skills)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn there_are_thousands_of_questions() {
        let mut seeded = Seeded::new(1);
        let questions: HashSet<String> = (0..200_000).map(|_| question(&mut seeded).0).collect();
        assert!(questions.len() > 5_000, "{}", questions.len());
    }
}
