"""The template by itself: names, what stays, who is told of what."""

import json
import os
import re
import subprocess
import sys
import unittest
from pathlib import Path

import created
from account import Account
from install import INSTALL
from options import ALL_OPTIONS, FEWEST
from read_back import read_back
from template import FILE, ROOT, Template, load

class Lints(unittest.TestCase):
    def test_cfn_lint_has_nothing_to_say(self):
        program = Path(sys.executable).with_name("cfn-lint")
        done = subprocess.run([program, FILE], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout), (0, ""))

    def checkov(self, framework, flag, path):
        """Checkov looks at the path of a file as well: one of just forty letters and slashes is a secret key to it,
        so it is given the path inside the repository."""
        program = [os.environ["CV_ANALYTICS_CHECKOV"], "--skip-download", "--output", "json"]
        words = ["--framework", framework, flag, path.relative_to(ROOT)]
        done = subprocess.run([*program, *words], cwd=ROOT, capture_output=True, text=True)
        reports = json.loads(done.stdout)
        return reports if isinstance(reports, list) else [reports]

    def check(self, reports, at_least):
        failed, passed = [], 0
        for report in reports:
            results = report["results"]
            failed += [(one["check_id"], one["resource"]) for one in results["failed_checks"]]
            passed += report["summary"]["passed"]
            self.assertEqual(report["summary"]["parsing_errors"], 0)
            for one in results["skipped_checks"]:
                self.assertGreater(len(one["check_result"]["suppress_comment"].split()), 4, one["check_id"])
        self.assertEqual(failed, [])
        self.assertGreater(passed, at_least)

    def test_checkov_finds_nothing_in_the_template_that_has_no_reason(self):
        self.check(self.checkov("cloudformation", "-f", FILE), 30)

    def test_checkov_finds_nothing_in_the_modules_that_has_no_reason(self):
        self.check(self.checkov("terraform", "-d", ROOT / "infra/terraform"), 60)


class Contract(unittest.TestCase):
    """The settings that the product promises, beside the names and sizes that `install_test.py` compares."""

    @classmethod
    def setUpClass(cls):
        cls.resources = Template().resources

    def properties(self, name):
        return self.resources[name]["Properties"]

    def test_the_queues(self):
        self.assertTrue(self.properties("EventsQueue")["ContentBasedDeduplication"])
        self.assertGreaterEqual(INSTALL["queues"]["events"]["visibilitySeconds"], 6 * INSTALL["processor"]["timeoutSeconds"])

    def test_the_tables(self):
        rows, records = self.properties("QueryEventsTable"), self.properties("AnalyticsTable")
        self.assertEqual(rows["TimeToLiveSpecification"]["AttributeName"], "ttl")
        self.assertNotIn("TimeToLiveSpecification", records)
        [index] = records["GlobalSecondaryIndexes"]
        self.assertEqual([key["AttributeName"] for key in index["KeySchema"]], ["week", "timestamp"])
        self.assertEqual(index["Projection"], {"ProjectionType": "ALL"})
        self.assertEqual(rows["BillingMode"], "PAY_PER_REQUEST")

    def test_provisioned_units_are_within_the_always_free_ones(self):
        resources = Template(ALL_OPTIONS).resources
        units = []
        for name in ("QueryEventsTable", "AnalyticsTable"):
            table = resources[name]["Properties"]
            units.append(table["ProvisionedThroughput"])
            units += [index["ProvisionedThroughput"] for index in table.get("GlobalSecondaryIndexes", [])]
        each = INSTALL["tables"]["provisionedUnits"]
        self.assertEqual(units, [{"ReadCapacityUnits": each, "WriteCapacityUnits": each}] * 3)
        self.assertLessEqual(3 * each, 25)

    def test_the_mapping_and_the_schedule(self):
        mapping, rule = self.properties("ProcessorMapping"), self.properties("ScheduleRule")
        self.assertEqual(mapping["FunctionResponseTypes"], ["ReportBatchItemFailures"])
        self.assertNotIn("MaximumBatchingWindowInSeconds", mapping)
        self.assertIn("DeadLetterConfig", rule["Targets"][0])

    def test_everything_that_can_be_is_tagged(self):
        cannot = {
            "AWS::SQS::QueuePolicy", "AWS::Lambda::Permission", "AWS::S3::BucketPolicy",
            "AWS::SNS::Subscription", "AWS::SNS::TopicPolicy", "AWS::CloudWatch::Dashboard",
            "AWS::IAM::ManagedPolicy",
        }
        for name, resource in Template(ALL_OPTIONS).resources.items():
            if resource["Type"] not in cannot:
                with self.subTest(name):
                    p = resource["Properties"]
                    self.assertIn({"Key": "Project", "Value": "CVAnalytics"}, p.get("Tags") or p.get("ResourceTags"))

    def test_no_key_is_made_and_nothing_secret_is_put_out(self):
        template = load()
        types = {resource["Type"] for resource in template["Resources"].values()}
        self.assertNotIn("AWS::IAM::AccessKey", types)
        self.assertNotIn("AWS::SecretsManager::Secret", types)
        self.assertLess(len(FILE.read_bytes()), 51_200 - 4_000, "the stack's update takes no larger template")

    def test_each_function_gets_the_variables_that_its_page_lists(self):
        page = (ROOT / "docs/operate/aws.md").read_text()
        rows = re.findall(r"^\| ((?:`[A-Z_]+`(?:, )?)+) \| (\w*) ?\| ?(\w*) ?\|", page, re.M)
        self.assertGreater(len(rows), 5)
        for column, name in ((1, "Processor"), (2, "Reporter")):
            listed = {}
            for row in rows:
                for variable in re.findall(r"[A-Z_]+", row[0]):
                    listed[variable] = row[column]
            given = set(self.properties(name)["Environment"]["Variables"])
            needed = {variable for variable, how in listed.items() if how in ("required", "expected")}
            known = {variable for variable, how in listed.items() if how}
            self.assertLessEqual(needed, given, name)
            self.assertLessEqual(given, known, name)


class Options(unittest.TestCase):
    def test_every_option_can_be_made(self):
        account = Account()
        self.addCleanup(account.close)
        for parameters in (ALL_OPTIONS, FEWEST):
            created.create_all(Template(parameters, account.endpoint), account.endpoint)
        found = read_back(account.endpoint)
        self.assertIn("table dev-CV-Analytics", found)
        self.assertIn("table CV-Analytics", found)
        self.assertNotIn("alarm cv-analytics-silence", found)
        [action] = found["budget dev-cv-analytics-monthly"]["actions"]
        self.assertEqual(action["Definition"]["IamActionDefinition"]["Users"], ["dev-cv-analytics-worker-eu-west-2"])
        self.assertEqual(found["policy dev-cv-analytics-stop-intake-eu-west-2"]["document"]["Statement"][0]["Effect"], "Deny")


class Alarms(unittest.TestCase):
    """Each rings somewhere, on something that exists, and all are free of charge."""

    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/monitor_estimated_charges_with_cloudwatch.html
    EXISTING = {
        ("AWS/SQS", "QueueName"): {
            "ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage",
            "NumberOfMessagesSent", "NumberOfMessagesDeleted",
        },
        ("AWS/Lambda", "FunctionName"): {"Invocations", "Errors", "Throttles", "Duration"},
        ("AWS/DynamoDB", "TableName"): {"ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits"},
        ("AWS/DynamoDB", "TableName,GlobalSecondaryIndexName"): {
            "ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits",
        },
        ("AWS/Billing", "Currency"): {"EstimatedCharges"},
    }

    @classmethod
    def setUpClass(cls):
        cls.template = Template()
        cls.alarms = {
            name: resource["Properties"] for name, resource in cls.template.resources.items()
            if resource["Type"] == "AWS::CloudWatch::Alarm"
        }
        source = (ROOT / "crates/cv-analytics-lambda/src/batch_metrics.rs").read_text()
        cls.own = set(re.findall(r'\("([A-Z]\w+)", "(?:Count|Milliseconds)", self\.', source))
        namespace = re.search(r'NAMESPACE: &str = "(\w+)"', source).group(1)
        [dimension] = re.findall(r'"Dimensions": \[\["(\w+)"\]\]', source)
        cls.existing = {**cls.EXISTING, (namespace, dimension): cls.own}

    def metrics(self, alarm):
        if "Metrics" not in alarm:
            return [(alarm["Namespace"], alarm["MetricName"], alarm["Dimensions"], alarm["Period"])]
        stats = [one["MetricStat"] for one in alarm["Metrics"] if "MetricStat" in one]
        return [
            (stat["Metric"]["Namespace"], stat["Metric"]["MetricName"], stat["Metric"]["Dimensions"], stat["Period"])
            for stat in stats
        ]

    def check_exists(self, namespace, metric, dimensions):
        self.assertIn(metric, self.existing.get((namespace, ",".join(dimensions)), set()), (namespace, dimensions))

    def check_resource_exists(self, value):
        names = {name for resource in self.template.resources.values() for name in resource["Properties"].values() if isinstance(name, str)}
        self.assertIn(value, names | {"prod", "USD", INSTALL["tables"]["weekIndex"]})

    def test_each_alarm_has_an_action_that_reaches_a_person(self):
        topic = "arn:aws:sns:eu-west-2:123456789012:cv-analytics-alerts"
        subscription = self.template.resources["AlertSubscription"]["Properties"]
        self.assertEqual((subscription["TopicArn"], subscription["Protocol"]), (topic, "email"))
        for name, alarm in self.alarms.items():
            with self.subTest(name):
                self.assertEqual(alarm["AlarmActions"], [topic])
                self.assertGreater(len(alarm["AlarmDescription"].split()), 8)

    def test_each_alarm_looks_at_a_metric_that_exists(self):
        self.assertEqual(len(self.own), 9)
        for name, alarm in self.alarms.items():
            with self.subTest(name):
                for namespace, metric, dimensions, period in self.metrics(alarm):
                    self.check_exists(namespace, metric, [one["Name"] for one in dimensions])
                    for one in dimensions:
                        self.check_resource_exists(one["Value"])
                    self.assertLessEqual(period * int(alarm["EvaluationPeriods"]), 7 * 86_400)

    def test_what_does_not_come_rings(self):
        for name in ("NoReportAlarm", "SilenceAlarm"):
            self.assertEqual(self.alarms[name]["TreatMissingData"], "breaching")

    def test_an_environment_is_within_what_cloudwatch_gives_free_of_charge(self):
        metrics = sum(len(self.metrics(alarm)) for alarm in self.alarms.values())
        self.assertLessEqual(metrics, 10)
        self.assertLessEqual(len(self.own), 10)
        dashboards = [one for one in self.template.resources.values() if one["Type"] == "AWS::CloudWatch::Dashboard"]
        self.assertLessEqual(len(dashboards), 3)

    def test_the_dashboard_shows_metrics_that_exist(self):
        body = json.loads(self.template.resources["Dashboard"]["Properties"]["DashboardBody"])
        count = 0
        for widget in body["widgets"]:
            for metric in widget["properties"]["metrics"]:
                words = [word for word in metric if isinstance(word, str)]
                if not words:
                    continue
                count += 1
                namespace, name, *dimensions = words
                self.check_exists(namespace, name, dimensions[::2])
                for value in dimensions[1::2]:
                    self.check_resource_exists(value)
        self.assertGreater(count, 15)
        self.assertLessEqual(count, 50)

    def test_the_join_rate_is_what_the_report_calls_so(self):
        expression = next(one["Expression"] for one in self.alarms["JoinRateAlarm"]["Metrics"] if "Expression" in one)
        found = re.fullmatch(r"IF\(received >= (\d+) AND received > joined, (.*), 100\)", expression)
        for joined, unanswered in ((100, 0), (95, 5), (90, 10), (1, 99)):
            received = 2 * joined + unanswered
            rate = eval(found.group(2), {}, {"joined": joined, "received": received})
            self.assertAlmostEqual(rate, 100 * joined / (joined + unanswered))


if __name__ == "__main__":
    unittest.main()
