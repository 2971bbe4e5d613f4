//! The data folder: the database, the credentials and the outbox.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use anyhow::{Context, Error, Result, bail};
use cv_analytics_dashboard::private_file::{make_private_folder, write_private};
use cv_analytics_server::configuration::PublicUrl;
use cv_analytics_server::{ACCOUNT, QUEUE_NAME};
use rand::RngExt;

/// Characters of the shortest secret: one that a person makes up is found by trying.
const MIN_SECRET_CHARS: usize = 16;
/// Different characters of the plainest secret: sixteen equal ones are found by trying too.
const MIN_DIFFERENT_CHARS: usize = 8;

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

#[derive(Clone, Debug)]
pub(crate) enum PublicUrlOption {
    /// `none`: there is none from now on.
    Forget,
    /// This one from now on.
    Is(PublicUrl),
}

impl PublicUrlOption {
    /// Reads a URL, or `none`.
    ///
    /// # Errors
    /// Where it is neither.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        if text.eq_ignore_ascii_case("none") {
            return Ok(Self::Forget);
        }
        Ok(Self::Is(PublicUrl::parse(text)?))
    }
}

impl DataFolder {
    /// Names the folder; nothing is made yet.
    pub(crate) fn new(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// Makes the folder where it is missing, for its owner only.
    pub(crate) fn create(&self) -> Result<()> {
        make_private_folder(&self.path)
            .with_context(|| format!("cannot create the data folder {}", self.path.display()))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.path.join("cv-analytics.db")
    }

    /// What is left of an installation whose `database` is not there: the credentials, or the database's log.
    pub(crate) fn left_without(&self, database: &Path) -> Option<PathBuf> {
        if !matches!(database.try_exists(), Ok(false)) {
            return None;
        }
        let mut log = database.as_os_str().to_owned();
        log.push("-wal");
        [self.credentials_file(), PathBuf::from(log)].into_iter().find(|file| file.exists())
    }

    /// The folder for mails where no mail server is set.
    pub(crate) fn outbox(&self) -> PathBuf {
        self.path.join("outbox")
    }

    /// The public URL in force: the one that `option` says, else that of an earlier start.
    pub(crate) fn public_url(&self, option: Option<&PublicUrlOption>) -> Result<Option<PublicUrl>> {
        match option {
            Some(PublicUrlOption::Forget) => return Ok(None),
            Some(PublicUrlOption::Is(url)) => return Ok(Some(url.clone())),
            None => {}
        }
        let file = self.public_url_file();
        match read_plain(&file) {
            Ok(text) => PublicUrl::parse(text.trim()).map(Some).with_context(|| {
                format!(
                    "invalid {}: delete it, or start the server with --public-url",
                    file.display()
                )
            }),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", file.display())),
        }
    }

    /// Remembers the public URL for later starts; `None` forgets it.
    pub(crate) fn keep_public_url(&self, url: Option<&PublicUrl>) -> Result<()> {
        let file = self.public_url_file();
        let kept = match url {
            Some(url) => write_private(&file, format!("{url}\n").as_bytes()),
            None => match fs::remove_file(&file) {
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
                removed => removed,
            },
        };
        kept.with_context(|| format!("cannot write {}", file.display()))
    }

    fn public_url_file(&self) -> PathBuf {
        self.path.join("public-url")
    }

    pub(crate) fn credentials_file(&self) -> PathBuf {
        self.path.join("credentials.env")
    }

    /// The token of a dashboard without an intake, made where there is none; and whether it was.
    #[cfg(feature = "aws")]
    pub(crate) fn dashboard_token(&self) -> Result<(String, bool)> {
        const NAME: &str = "CV_ANALYTICS_TOKEN";
        let file = self.dashboard_token_file();
        let cannot = |what| format!("{} cannot be {what}", file.display());
        match read_plain(&file) {
            Ok(text) => {
                let token = value_of(&text, NAME).context("it is missing");
                let token =
                    token.and_then(|token| check_secret(token).map_err(Error::msg).map(|()| token));
                let token = token.with_context(|| {
                    format!(
                        "invalid {NAME} in {}; delete the file and a new one is generated",
                        file.display()
                    )
                })?;
                Ok((token.to_owned(), false))
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

    #[cfg(feature = "aws")]
    pub(crate) fn dashboard_token_file(&self) -> PathBuf {
        self.path.join("dashboard.env")
    }

    /// The credentials that are kept, if there are some.
    pub(crate) fn credentials(&self) -> Result<Option<StoredCredentials>> {
        let file = self.credentials_file();
        match read_plain(&file) {
            Ok(text) => StoredCredentials::read(&text)
                .with_context(|| {
                    format!(
                        "invalid {}; fix it, or delete it and new ones are generated",
                        file.display()
                    )
                })
                .map(Some),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", file.display())),
        }
    }

    /// Writes the credentials, whole or not at all; a new file is readable by its owner only.
    pub(crate) fn keep_credentials(&self, credentials: &StoredCredentials) -> Result<()> {
        let file = self.credentials_file();
        // Lines that another program wrote into it stay.
        let before = read_plain(&file).unwrap_or_default();
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
            .with_context(|| format!("cannot write {}", file.display()))
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
        let value = |name: &str| match value_of(text, name) {
            Some("") => bail!("missing value of {name}"),
            Some(value) => Ok(value.to_owned()),
            None => bail!("missing {name}"),
        };
        let secret = |name: &str| {
            let secret = value(name)?;
            check_secret(&secret).map_err(Error::msg).context(name.to_owned())?;
            Ok::<_, Error>(secret)
        };
        Ok(Self {
            access_key_id: value("AWS_ACCESS_KEY_ID")?,
            secret_access_key: secret("AWS_SECRET_ACCESS_KEY")?,
            region: value("AWS_REGION")?,
            queue_url: value("AWS_SQS_URL")?,
            token: secret("CV_ANALYTICS_TOKEN")?,
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

/// Reads a file's text. A pipe would be waited for without end.
fn read_plain(file: &Path) -> io::Result<String> {
    if !fs::metadata(file)?.is_file() {
        return Err(io::Error::new(ErrorKind::InvalidInput, "it is not a plain file"));
    }
    fs::read_to_string(file)
}

/// The value of `name` in `text`, the last where there are several: lines `NAME=value`, in quotation marks
/// or not, with `export` before them and a comment after them or not.
fn value_of<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let lines = text.trim_start_matches('\u{feff}').lines();
    let lines = lines.map(|line| line.trim().trim_start_matches("export ").trim_start());
    let mut values =
        lines.filter_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix('='));
    let value = values.next_back()?.trim();
    let quoted = value.strip_prefix(['"', '\'']).and_then(|rest| {
        let mark = value.chars().next()?;
        rest.split_once(mark).map(|(quoted, _)| quoted)
    });
    let before =
        |value: &'t str, mark: &str| value.split_once(mark).map_or(value, |(value, _)| value);
    let plain = if value.starts_with('#') { "" } else { before(before(value, " #"), "\t#") };
    Some(quoted.unwrap_or(plain.trim_end()))
}

/// Refuses a secret that is too short or too plain to be one.
pub(crate) fn check_secret(secret: &str) -> Result<(), String> {
    let chars: Vec<char> = secret.chars().collect();
    let different = chars.iter().collect::<BTreeSet<_>>().len();
    // A third of it or more comes from repeating what is before, as in "password1password1" and "1234567890123456".
    let repeats = (1..=chars.len() * 2 / 3)
        .find(|&period| chars.iter().zip(chars.iter().skip(period)).all(|(a, b)| a == b));
    let problem = match (chars.len(), different, repeats) {
        (0, ..) => return Err("it is empty".to_owned()),
        (length @ ..MIN_SECRET_CHARS, ..) => format!("it has {length} characters"),
        (_, ..MIN_DIFFERENT_CHARS, _) => format!("it has {different} different characters"),
        (.., Some(period)) => format!("it has {period} characters that repeat"),
        _ => return Ok(()),
    };
    Err(format!(
        "{problem}, which can be guessed: use at least {MIN_SECRET_CHARS} characters, such as from `openssl rand -hex 32`"
    ))
}

/// The queue's address at a server.
pub(crate) fn queue_url(server: &str) -> String {
    format!("{}/{ACCOUNT}/{QUEUE_NAME}", server.trim_end_matches('/'))
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
    fn quotation_marks_and_comments_are_no_part_of_a_value() {
        let check = |line: &str, expect: Option<&str>| {
            assert_eq!(value_of(line, "NAME"), expect, "{line:?}");
        };
        check("NAME=value", Some("value"));
        check("NAME=value # comment", Some("value"));
        check("NAME=value\t# comment", Some("value"));
        check("NAME=val#ue", Some("val#ue"));
        check("NAME=val#ue # comment # more", Some("val#ue"));
        check("NAME= # comment", Some(""));
        check("NAME=#comment", Some(""));
        check("export NAME = \"a # b\" # comment", Some("a # b"));
        check("NAME='a \"b\"' # comment", Some("a \"b\""));
        check("NAME=\"unclosed # comment", Some("\"unclosed"));
        check("# NAME=other", None);
        check("NAME=first\nNAME=last\n", Some("last"));
        check("\u{feff}NAME=value\r\n", Some("value"));
        check("NAMES=other", None);
    }

    #[test]
    fn a_public_url_is_remembered_until_another_is_given_or_it_is_forgotten() {
        let directory = tempfile::tempdir().unwrap();
        let folder = DataFolder::new(directory.path());
        let in_force = |option: Option<&str>| {
            let option = option.map(|text| PublicUrlOption::parse(text).unwrap());
            let url = folder.public_url(option.as_ref()).unwrap();
            folder.keep_public_url(url.as_ref()).unwrap();
            url.map(|url| url.to_string())
        };
        let (one, other) = ("https://one.example", "https://other.example");
        assert_eq!(in_force(None), None);
        assert_eq!(in_force(Some(one)).as_deref(), Some(one));
        assert_eq!(in_force(None).as_deref(), Some(one));
        assert_eq!(in_force(Some(other)).as_deref(), Some(other));
        assert_eq!(in_force(None).as_deref(), Some(other));
        assert_eq!(in_force(Some("none")), None);
        assert_eq!(in_force(None), None);
    }

    #[test]
    fn a_secret_that_can_be_guessed_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let folder = DataFolder::new(directory.path());
        let kept = StoredCredentials::generate("eu-west-2", "http://127.0.0.1:8787");
        for (long, name) in [
            (&kept.token, "CV_ANALYTICS_TOKEN"),
            (&kept.secret_access_key, "AWS_SECRET_ACCESS_KEY"),
        ] {
            let check = |secret: &str, refusal: Option<&str>| {
                fs::write(folder.credentials_file(), kept.lines().replace(long.as_str(), secret))
                    .unwrap();
                let error = folder.credentials().err().map(|error| format!("{error:#}"));
                match refusal {
                    None => assert_eq!(error, None),
                    Some(part) => {
                        let error = error.unwrap();
                        assert!(
                            error.contains(&format!("{name}: it has ")) && error.contains(part),
                            "{error}"
                        );
                    }
                }
            };
            check("sixteen-letters!", None);
            check("fifteen-letters", Some("15 characters"));
            check("x", Some("use at least 16 characters"));
            check(&"x".repeat(40), Some("1 different characters"));
            check("abcde".repeat(8).as_str(), Some("5 different characters"));
            check("passwordpassword", Some("7 different characters"));
            check("abcdefabcdefabcd", Some("6 different characters"));
            check("password1password1", Some("9 characters that repeat"));
            check("abcdefghabcdefghab", Some("8 characters that repeat"));
            check("1234567890123456", Some("10 characters that repeat"));
            check("0f3a9c1d7e5b2846", None);
        }
        fs::write(folder.dashboard_token_file(), "CV_ANALYTICS_TOKEN=short\n").unwrap();
        let error = format!("{:#}", folder.dashboard_token().unwrap_err());
        assert!(
            error.contains("dashboard.env; delete the file") && error.contains("5 characters"),
            "{error}"
        );
    }

    #[test]
    fn a_missing_line_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let folder = DataFolder::new(directory.path());
        fs::write(
            folder.credentials_file(),
            "AWS_ACCESS_KEY_ID=a\nexport AWS_SECRET_ACCESS_KEY=\"sixteen-letters!\"\n",
        )
        .unwrap();
        let error = format!("{:#}", folder.credentials().err().unwrap());
        assert!(error.ends_with("missing AWS_REGION"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_in_the_place_of_a_file_is_not_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let folder = DataFolder::new(directory.path());
        for file in
            [folder.credentials_file(), folder.public_url_file(), folder.dashboard_token_file()]
        {
            assert!(std::process::Command::new("mkfifo").arg(file).status().unwrap().success());
        }
        let errors = [
            folder.credentials().err(),
            folder.public_url(None).err(),
            folder.dashboard_token().err(),
        ];
        for error in errors {
            let error = format!("{:#}", error.unwrap());
            assert!(error.contains("it is not a plain file"), "{error}");
        }
    }
}
