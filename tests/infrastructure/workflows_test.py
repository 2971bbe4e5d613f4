"""What runs without a person watching: GitHub's workflows, the role that they take, and the scripts they call."""

import json
import re
import subprocess
import sys
import tempfile
import unittest
from fnmatch import fnmatchcase
from pathlib import Path

import yaml

from account import Account
from created import clients
from template import PARAMETERS, ROOT, Template, load

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
RELEASE_ROLE = ROOT / "infra/cloudformation/release-role.yaml"


def said_by(program, *words):
    """Everything that a lint prints where it is not content, else nothing."""
    command = [Path(sys.executable).with_name(program), *words]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.stdout if done.returncode else ""


class Lints(unittest.TestCase):
    def test_zizmor_finds_nothing(self):
        self.assertEqual(said_by("zizmor", "--offline", "--no-progress", "--persona", "pedantic", *WORKFLOWS), "")

    def test_workflows_are_of_githubs_schema(self):
        self.assertEqual(said_by("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *WORKFLOWS), "")

    def test_shellcheck_finds_nothing(self):
        scripts = [*(ROOT / "infra/scripts").glob("*.sh"), ROOT / ".ci/run"]
        words = ("--severity", "warning", "--external-sources", "--source-path", "SCRIPTDIR")
        self.assertEqual(said_by("shellcheck", *words, *scripts), "")

    def test_cfn_lint_finds_nothing_in_the_release_role(self):
        self.assertEqual(said_by("cfn-lint", RELEASE_ROLE), "")


class Workflows(unittest.TestCase):
    def test_every_action_is_a_commit_with_its_version_beside_it(self):
        for file in WORKFLOWS:
            for line in file.read_text().splitlines():
                if re.search(r"\buses: (?!\./)", line):
                    self.assertRegex(line, r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", file.name)

    def test_every_job_has_rights_of_its_own_and_an_end(self):
        for file in WORKFLOWS:
            workflow = yaml.safe_load(file.read_text())
            self.assertEqual(workflow["permissions"], {}, file.name)
            self.assertIn("concurrency", workflow, file.name)
            for name, job in workflow["jobs"].items():
                self.assertIn("permissions", job, name)
                self.assertTrue("uses" in job or job["timeout-minutes"] <= 330, name)

    def test_what_the_workflows_run_is_there(self):
        text = "".join(file.read_text() for file in WORKFLOWS)
        for script in re.findall(r"(?:infra/scripts/[\w-]+\.sh|\.ci/run|\./\.github/workflows/[\w-]+\.yml)", text):
            self.assertTrue((ROOT / script).exists(), script)


def rights_of_the_doctors_page():
    """The actions of each statement that docs/operate/doctor.md lists. The doctor's own tests compare them with its calls."""
    [policy] = re.findall(r"```json\n(.*?)```", (ROOT / "docs/operate/doctor.md").read_text(), re.S)
    actions = {each["Sid"]: each["Action"] for each in json.loads(policy)["Statement"]}
    return {name: {action} if isinstance(action, str) else set(action) for name, action in actions.items()}


class ReleaseRole(unittest.TestCase):
    def role(self, parameters):
        """The role, where the template is given these parameters."""
        template = Template(parameters, text=RELEASE_ROLE.read_text())
        return template.resolved(template.template["Resources"]["ReleaseRole"]["Properties"])

    def trusted(self, parameters):
        """The subjects whose tokens are taken then."""
        role = self.role(parameters)
        [trust] = role["AssumeRolePolicyDocument"]["Statement"]
        self.assertEqual(trust["Action"], "sts:AssumeRoleWithWebIdentity")
        self.assertEqual(trust["Condition"].keys(), {"StringEquals"})
        equals = trust["Condition"]["StringEquals"]
        self.assertEqual(equals.pop("token.actions.githubusercontent.com:aud"), "sts.amazonaws.com")
        self.assertEqual(equals.keys(), {"token.actions.githubusercontent.com:sub"})
        return equals["token.actions.githubusercontent.com:sub"]

    def test_a_number_is_never_a_pattern(self):
        allowed = load(RELEASE_ROLE.read_text())["Parameters"]["NumberedRepository"]["AllowedPattern"]
        for text, is_allowed in (("o@1/n@2", True), ("", True), ("o/n", False), ("o@*/n@2", False), ("o@1/*@2", False)):
            self.assertEqual(bool(re.fullmatch(allowed, text)), is_allowed, text)

    def test_it_may_look_as_the_doctor_does_and_touch_no_data(self):
        page = rights_of_the_doctors_page()
        role = load(RELEASE_ROLE.read_text())["Resources"]["ReleaseRole"]["Properties"]
        self.assertNotIn("ManagedPolicyArns", role)
        code, look = role["Policies"]
        [of_code] = code["PolicyDocument"]["Statement"]
        of_look = look["PolicyDocument"]["Statement"]
        self.assertEqual({action for each in of_look for action in each["Action"]}, page.pop("Look"))
        for resource in of_look[0]["Resource"]:
            self.assertIn("${EnvironmentPrefix}", resource["Fn::Sub"])
        self.assertEqual([each["Resource"] for each in of_look[1:]], ["*"])
        may = {action for each in (of_code, *of_look) for action in each["Action"]}
        self.assertEqual(may & set().union(*page.values()), set(), "what the canary needs")
        changes = {action for action in may if not re.search(":(Describe|Get|List)", action)}
        self.assertEqual(changes, {"lambda:UpdateFunctionCode"})

    def test_what_it_may_look_at_is_all_of_its_installation_and_of_no_other(self):
        for prefix in ("", "dev-"):
            parameters = {"Repository": "o/n", "EnvironmentPrefix": prefix}
            role = self.role(parameters)
            looked_at = role["Policies"][1]["PolicyDocument"]["Statement"][0]["Resource"]
            kinds = {"DynamoDB::Table", "Events::Rule", "IAM::Role", "IAM::User", "Lambda::Function", "SNS::Topic", "SQS::Queue"}
            for of in ("", "dev-", "other-"):
                installation = Template({**PARAMETERS, "EnvironmentPrefix": of})
                seen = set()
                for name, resource in installation.resources.items():
                    kind = resource["Type"].removeprefix("AWS::")
                    if kind not in kinds:
                        continue
                    seen.add(kind)
                    arn = installation.arn(*installation.type_and_name(name))
                    may = any(fnmatchcase(arn, pattern) for pattern in looked_at)
                    self.assertEqual(may, of == prefix, f"{prefix!r} at {arn}")
                self.assertEqual(seen, kinds)

    def test_iam_takes_its_documents(self):
        account = Account()
        self.addCleanup(account.close)
        iam = clients(account.endpoint)("iam")
        role = self.role({"Repository": "o/n", "NumberedRepository": "o@1/n@2"})
        iam.create_role(
            RoleName=role["RoleName"], AssumeRolePolicyDocument=json.dumps(role["AssumeRolePolicyDocument"]),
        )
        for policy in role["Policies"]:
            iam.put_role_policy(
                RoleName=role["RoleName"], PolicyName=policy["PolicyName"], PolicyDocument=json.dumps(policy["PolicyDocument"]),
            )
        self.assertEqual(iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"], ["release", "look"])

    def test_the_deployment_asks_the_doctor_for_nothing_that_the_role_may_not(self):
        workflow = yaml.safe_load((ROOT / ".github/workflows/deploy.yml").read_text())
        runs = [step["run"] for step in workflow["jobs"]["deploy"]["steps"] if "doctor" in step.get("run", "")]
        self.assertEqual(len(runs), 1)
        self.assertIn(" --no-canary ", runs[0])

    def test_what_is_deployed_is_the_tag_that_the_environment_lets_in(self):
        workflow = yaml.safe_load((ROOT / ".github/workflows/deploy.yml").read_text())
        # YAML reads the key `on` as true.
        for trigger in ("workflow_call", "workflow_dispatch"):
            self.assertEqual(workflow[True][trigger]["inputs"].keys(), {"environment"})
        job = workflow["jobs"]["deploy"]
        self.assertEqual(job["env"]["TAG"], "${{ github.ref_name }}")
        first, checkout = job["steps"][:2]
        self.assertEqual(checkout["with"]["ref"], "refs/tags/${{ github.ref_name }}")
        for kind, code in (("tag", 0), ("branch", 1)):
            environment = {"KIND": kind, "TAG": "main", "PATH": "/usr/bin:/bin"}
            done = subprocess.run(["bash", "-e", "-c", first["run"]], env=environment, capture_output=True, text=True)
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertEqual("Use workflow from" in done.stdout, code == 1)

    def test_a_file_that_the_release_did_not_make_is_not_deployed(self):
        workflow = yaml.safe_load((ROOT / ".github/workflows/deploy.yml").read_text())
        [fetch] = [step["run"] for step in workflow["jobs"]["deploy"]["steps"] if "release download" in step.get("run", "")]
        files = ["processor-arm64.zip", "reporter-arm64.zip", "cv-analytics-v1.2.3-x86_64-unknown-linux-musl.tar.gz"]
        # In the place of GitHub's program: brings the files, and knows of all of them but one where each comes from.
        program = '''#!/bin/bash
case "$1 $2" in
"release download") mkdir dist; for file in %s; do echo content >"dist/$file"; done ;;
"attestation verify") echo "$*" >>verified; [[ $3 != "dist/$UNKNOWN" ]] ;;
*) exit 9 ;;
esac
''' % " ".join(files)
        for unknown in (*files, ""):
            with tempfile.TemporaryDirectory() as folder:
                for name, text in (("gh", program), ("tar", "#!/bin/bash\ntouch unpacked\n")):
                    (Path(folder) / name).write_text(text)
                    (Path(folder) / name).chmod(0o755)
                environment = {"GITHUB_REPOSITORY": "o/n", "TAG": "v1.2.3", "UNKNOWN": unknown, "PATH": f"{folder}:/usr/bin:/bin"}
                done = subprocess.run(["bash", "-e", "-c", fetch], cwd=folder, env=environment, capture_output=True, text=True)
                self.assertEqual(done.returncode, 1 if unknown else 0, done.stderr)
                self.assertEqual((Path(folder) / "unpacked").exists(), not unknown)
                verified = (Path(folder) / "verified").read_text().splitlines()
                if not unknown:
                    self.assertEqual(len(verified), len(files))
                for line in verified:
                    self.assertIn("--repo o/n --source-ref refs/tags/v1.2.3 ", line)
                    self.assertIn("--signer-workflow o/n/.github/workflows/release.yml ", line)

    def test_everything_that_a_release_has_is_attested(self):
        jobs = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())["jobs"]
        for name, kept in (("functions", "dist/*.zip"), ("program", "dist/*"), ("windows-archive", "dist/*"), ("package", "worker/*.tgz")):
            attested = [step["with"]["subject-path"] for step in jobs[name]["steps"] if "attest" in step.get("uses", "")]
            uploaded = [step["with"]["path"] for step in jobs[name]["steps"] if "upload-artifact" in step.get("uses", "")]
            self.assertEqual((attested, uploaded), ([kept], [kept]), name)

    def test_one_repositorys_environment_takes_it_and_may_bring_code_and_nothing_else(self):
        role = load(RELEASE_ROLE.read_text())["Resources"]["ReleaseRole"]["Properties"]
        subjects = self.trusted({"Repository": "o/n"})
        self.assertEqual(subjects, ["repo:o/n:environment:production"])
        subjects = self.trusted({"Repository": "o/n", "NumberedRepository": "o@1/n@2", "GitHubEnvironment": "dev"})
        self.assertEqual(subjects, ["repo:o/n:environment:dev", "repo:o@1/n@2:environment:dev"])
        [statement] = role["Policies"][0]["PolicyDocument"]["Statement"]
        self.assertEqual(statement["Action"], ["lambda:GetFunctionConfiguration", "lambda:UpdateFunctionCode"])
        functions = [resource["Fn::Sub"].split(":function:")[1] for resource in statement["Resource"]]
        self.assertEqual(
            functions, ["${EnvironmentPrefix}cv-analytics-processor", "${EnvironmentPrefix}cv-analytics-reporter"]
        )


if __name__ == "__main__":
    unittest.main()
