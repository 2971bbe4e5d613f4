//! The data folder: the database, the credentials and the outbox.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use cv_analytics_dashboard::private_file::{make_private_folder, write_private};
use rand::RngExt;

/// SQS's account part of the queue's address; the server has but one.
const ACCOUNT: &str = "000000000000";
/// The queue's name, the same on AWS.
pub(crate) const QUEUE: &str = "cv-analytics-events.fifo";

/// A folder that holds one installation.
#[derive(Clone, Debug)]
pub(crate) struct DataFolder {
    path: PathBuf,
}

/// What the agent needs to send, and the owner to read.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct StoredCredentials {
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: String,
    pub(crate) region: String,
    pub(crate) queue_url: String,
    pub(crate) token: String,
}

impl DataFolder {
    /// Names the folder; nothing is made yet.
    pub(crate) fn new(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// Makes the folder where it is missing, for its owner only.
    pub(crate) fn create(&self) -> Result<()> {
        make_private_folder(&self.path)
            .with_context(|| format!("the data folder {} cannot be made", self.path.display()))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.path.join("cv-analytics.db")
    }

    /// The folder for mails where no mail server is set.
    pub(crate) fn outbox(&self) -> PathBuf {
        self.path.join("outbox")
    }

    pub(crate) fn credentials_file(&self) -> PathBuf {
        self.path.join("credentials.env")
    }

    /// The token of a dashboard without an intake, made where there is none; and whether it was.
    pub(crate) fn dashboard_token(&self) -> Result<(String, bool)> {
        const NAME: &str = "CV_ANALYTICS_TOKEN";
        let file = self.dashboard_token_file();
        let cannot = |what| format!("{} cannot be {what}", file.display());
        match fs::read_to_string(&file) {
            Ok(text) => {
                let lines = text.lines().map(str::trim);
                let mut tokens =
                    lines.filter_map(|line| line.strip_prefix(NAME)?.strip_prefix('='));
                match tokens.next_back().filter(|token| !token.is_empty()) {
                    Some(token) => Ok((token.to_owned(), false)),
                    None => bail!(
                        "{NAME} is missing in {}; delete the file and it is made anew",
                        file.display()
                    ),
                }
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let token = StoredCredentials::generate("", "").token;
                write_private(&file, format!("{NAME}={token}\n").as_bytes())
                    .with_context(|| cannot("written"))?;
                Ok((token, true))
            }
            Err(error) => Err(error).with_context(|| cannot("read")),
        }
    }

    pub(crate) fn dashboard_token_file(&self) -> PathBuf {
        self.path.join("dashboard.env")
    }

    /// The credentials that are kept, if there are some.
    pub(crate) fn credentials(&self) -> Result<Option<StoredCredentials>> {
        let file = self.credentials_file();
        match fs::read_to_string(&file) {
            Ok(text) => StoredCredentials::read(&text)
                .with_context(|| {
                    format!(
                        "{} cannot be used; mend it, or delete it and new ones are made",
                        file.display()
                    )
                })
                .map(Some),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("{} cannot be read", file.display())),
        }
    }

    /// Writes the credentials, whole or not at all; a new file is readable by its owner only.
    pub(crate) fn keep_credentials(&self, credentials: &StoredCredentials) -> Result<()> {
        let file = self.credentials_file();
        // Lines that somebody else wrote into it stay.
        let before = fs::read_to_string(&file).unwrap_or_default();
        let own = |line: &&str| {
            StoredCredentials::NAMES.iter().any(|name| line.contains(&format!("{name}=")))
        };
        let foreign: Vec<&str> = before.lines().filter(|line| !own(line)).collect();
        let mut text = credentials.lines();
        for line in foreign {
            text += line;
            text.push('\n');
        }
        write_private(&file, text.as_bytes())
            .with_context(|| format!("{} cannot be written", file.display()))
    }
}

impl StoredCredentials {
    const NAMES: [&str; 5] = [
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_REGION",
        "AWS_SQS_URL",
        "CV_ANALYTICS_TOKEN",
    ];

    /// New random ones, for a server at `url`.
    pub(crate) fn generate(region: &str, url: &str) -> Self {
        // The shapes of AWS's own: 20 capital letters and digits, 40 of base64's alphabet.
        const KEY_ID: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        const SECRET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let text = |alphabet: &[u8], length: usize| -> String {
            let mut rng = rand::rng();
            (0..length)
                .filter_map(|_| {
                    alphabet.get(rng.random_range(0..alphabet.len())).map(|byte| char::from(*byte))
                })
                .collect()
        };
        Self {
            access_key_id: format!("CVAK{}", text(KEY_ID, 16)),
            secret_access_key: text(SECRET, 40),
            region: region.to_owned(),
            queue_url: queue_url(url),
            token: text(SECRET, 43),
        }
    }

    fn read(text: &str) -> Result<Self> {
        let text = text.trim_start_matches('\u{feff}');
        let value = |name: &str| -> Result<String> {
            let lines =
                text.lines().map(|line| line.trim().trim_start_matches("export ").trim_start());
            let mut values =
                lines.filter_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix('='));
            let value =
                values.next_back().map(|value| value.trim().trim_matches(['"', '\'']).to_owned());
            match value {
                Some(value) if !value.is_empty() => Ok(value),
                Some(_) => bail!("{name} is empty"),
                None => bail!("{name} is missing"),
            }
        };
        Ok(Self {
            access_key_id: value("AWS_ACCESS_KEY_ID")?,
            secret_access_key: value("AWS_SECRET_ACCESS_KEY")?,
            region: value("AWS_REGION")?,
            queue_url: value("AWS_SQS_URL")?,
            token: value("CV_ANALYTICS_TOKEN")?,
        })
    }

    /// What the agent needs, by name.
    pub(crate) fn of_the_agent(&self) -> [(&'static str, &str); 4] {
        [
            ("AWS_ACCESS_KEY_ID", &self.access_key_id),
            ("AWS_SECRET_ACCESS_KEY", &self.secret_access_key),
            ("AWS_REGION", &self.region),
            ("AWS_SQS_URL", &self.queue_url),
        ]
    }

    /// `NAME=value`, a line each.
    pub(crate) fn lines(&self) -> String {
        format!(
            "AWS_ACCESS_KEY_ID={}\nAWS_SECRET_ACCESS_KEY={}\nAWS_REGION={}\nAWS_SQS_URL={}\nCV_ANALYTICS_TOKEN={}\n",
            self.access_key_id, self.secret_access_key, self.region, self.queue_url, self.token
        )
    }
}

/// The queue's address at a server.
pub(crate) fn queue_url(server: &str) -> String {
    format!("{}/{ACCOUNT}/{QUEUE}", server.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_kept_for_the_owner_alone_and_read_again() {
        let directory = tempfile::tempdir().unwrap();
        let folder = DataFolder::new(&directory.path().join("data"));
        folder.create().unwrap();
        assert!(folder.credentials().unwrap().is_none());
        let made = StoredCredentials::generate("eu-west-2", "http://127.0.0.1:8787");
        folder.keep_credentials(&made).unwrap();
        assert!(folder.credentials().unwrap() == Some(made));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let permissions = fs::metadata(folder.credentials_file()).unwrap().permissions().mode();
            assert_eq!(permissions & 0o777, 0o600);
        }
    }

    #[test]
    fn a_missing_line_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let folder = DataFolder::new(directory.path());
        fs::write(
            folder.credentials_file(),
            "AWS_ACCESS_KEY_ID=a\nexport AWS_SECRET_ACCESS_KEY=\"b\"\n",
        )
        .unwrap();
        let error = format!("{:#}", folder.credentials().err().unwrap());
        assert!(error.ends_with("AWS_REGION is missing"), "{error}");
    }
}
