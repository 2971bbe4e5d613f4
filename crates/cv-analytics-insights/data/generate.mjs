// Writes brands.txt, languages.txt and not-misspellings.txt from public lists. Run by hand when a list is renewed:
//
//   npm pack simple-icons@16.37.0 linguist-languages@9.5.0 an-array-of-english-words@2.0.0
//   (unpack each into a folder named after its package)
//   node generate.mjs FOLDER
//
// A name gets in only if it stands in ALLOWED below and is no word of the English list, so that a new
// version of a list cannot bring in a brand that people say in ordinary sentences.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const folder = process.argv[2] ?? ".";
const here = new URL(".", import.meta.url);
const json = (...path) => JSON.parse(readFileSync(join(folder, ...path), "utf8"));

const ALLOWED = {
  brands: `A-Frame|AdonisJS|AIOHTTP|Ajv|Akamai|AlmaLinux|Alpine Linux|Ansys|Ant Design|AntV|Apache Ant|Apache Arrow|
    Apache CloudStack|Apache Doris|Apache Druid|Apache ECharts|Apache FreeMarker|Apache Guacamole|Apache Kylin|
    Apache NetBeans IDE|Apache OpenOffice|Apache RocketMQ|Apollo GraphQL|AppSignal|Appsmith|AppVeyor|Appwrite|ArangoDB|
    Archicad|Arch Linux|Arm Keil|Asciidoctor|AssemblyScript|Authelia|Authentik|AutoHotkey|AutoIt|Autodesk Maya|
    Autoprefixer|AvaloniaUI|Axios|Babylon.js|BentoML|BigCommerce|Bioconductor|Bugcrowd|Buildkite|Bulma|C++ Builder|
    CapRover|Chart.js|Checkmarx|Cinema 4D|Cloud Foundry|CloudBees|Cloudera|Cloudinary|CocoaPods|
    Codecov|CodeceptJS|CodeMirror|CompTIA|Conda-Forge|Contao|Contentstack|CorelDRAW|Craft CMS|CrateDB|Create React App|
    CRYENGINE|Cytoscape.js|daisyUI|Dapr|DataGrip|Dataiku|DataStax|date-fns|DaVinci Resolve|DBeaver|DeepSeek|Dependabot|
    DevExpress|Dgraph|Dialogflow|Directus|discord.js|Docusaurus|Doxygen|DuckDB|Eleventy|Elementor|ERPNext|Envoy Proxy|
    Espressif|FFmpeg|FileZilla|Fluent Bit|FreeBSD|FreeCAD|GeoPandas|Gerrit|Git LFS|Gitea|GitBook|GitKraken|
    GitHub Pages|GitHub Copilot|GNU Privacy Guard|GoCD|Google AdSense|Google Apps Script|Google Cloud Composer|
    Google Colab|Google Display & Video 360|Google Earth Engine|Google Maps|Google Search Console|Google Sheets|Gradio|
    Gunicorn|Gurobi|GStreamer|GreenSock|H2 Database|Hasura|Headless UI|HiveMQ|Hotjar|HTTPie|i18next|IFTTT|Inkscape|
    InfluxDB|IPFS|Jekyll|JetBrains|JHipster|Jinja|Jitsi|JFrog|K3s|Kaggle|Kali Linux|Kaniko|Kedro|Kentico|KiCad|Knative|
    Knex.js|KNIME|Konva|Kubespray|LabVIEW|Langflow|Laravel Nova|Lerna|Let's Encrypt|LibreOffice|Livewire|LLVM|LM Studio|
    Lodash|LottieFiles|LTspice|MailChimp|Mailgun|Mantine|MapLibre|Material Design|Matomo|Matillion|
    Mattermost|Matter.js|MediaPipe|Meilisearch|Microstation|MicroPython|MinIO|Mistral AI|MobX-State-Tree|MODX|
    Mock Service Worker|MonoGame|Moodle|NativeScript|NetApp|NetBSD|Neutralinojs|Next.js|Nextflow|ngrok|NixOS|
    Node-RED|Nodemon|Numba|Nunjucks|Nutanix|OceanBase|Odoo|OpenBSD|OpenFaaS|OpenID|OpenJDK|Openlayers|OpenNebula|
    OpenRouter|OpenSCAD|OpenSSL|OpenStreetMap|OpenVPN|OpenWrt|OpenZeppelin|Optuna|OWASP Dependency-Check|Packagist|
    PaddlePaddle|Palo Alto Networks|Penpot|Phabricator|phpMyAdmin|PhpStorm|Pimcore|PlatformIO|Plesk|PM2|
    PocketBase|Portainer|PostHog|PrestaShop|PrimeFaces|PrimeNG|PrimeReact|PrimeVue|Prismic|ProseMirror|
    Proxmox|PyPI|PyPy|PyScaffold|QEMU|Qiskit|Qualtrics|Qualys|Qwik|RAD Studio|Radix UI|React Bootstrap|
    React Hook Form|React Router|React Table|ReactiveX|Redash|Redmine|Redux-Saga|RedwoodJS|Replit|ReSharper|
    RISC-V|RocksDB|RSocket|RStudio IDE|RuboCop|RubyGems|RubyMine|Rundeck|RxDB|SageMath|Sails.js|
    Sauce Labs|scikit-learn|Scilab|Scrapy|Semantic UI|Semantic Web|Semaphore CI|Semrush|Sencha|shadcn/ui|Sidekiq|
    SingleStore|Skaffold|Solana|Sonatype|Sourcetree|StackBlitz|Statamic|Storyblok|strongSwan|stylelint|
    Sublime Text|Sumo Logic|SurrealDB|SUSE|SVG|Synology|SymPy|TanStack|TestCafe|Three.js|Thymeleaf|TiDB|
    Tidyverse|Tricentis|ts-node|Turso|TYPO3|Typst|UML|UnJS|UnoCSS|Upstash|Vaadin|Veeam|VictoriaMetrics|VirtualBox|
    Visual Paradigm|VitePress|Vitess|vLLM|Vuetify|VueUse|WebAuthn|WebdriverIO|WebGPU|Webmin|Webpack|WireGuard|
    Wix|Wolfram Mathematica|XAMPP|XMPP|XState|Yii|Zigbee|Zilliz|ZeroTier|WP Engine|TOML|SWR|SemVer|Speedtest`,
  languages: `AMPL|ANTLR|APL|AspectJ|Bluespec|Cap'n Proto|CodeQL|ColdFusion|Csound|Cuda|Cython|
    Dafny|DataWeave|Dhall|Dockerfile|Dylan|Eiffel|Emacs Lisp|FreeMarker|GDScript|GLSL|Gnuplot|HLSL|Haxe|
    HiveQL|Idris|JCL|Java Server Pages|Jsonnet|Jupyter Notebook|LabVIEW|LLVM|LookML|MDX|MLIR|MQL4|MQL5|
    Makefile|MiniZinc|Modelica|Modula-2|NSIS|NetLogo|Nextflow|Nushell|Oberon|Objective-C++|OpenCL|OpenSCAD|
    Open Policy Agent|Oxygene|Power Query|PowerBuilder|PureBasic|Q#|QML|REXX|
    Rich Text Format|SPARQL|Starlark|Standard ML|StringTemplate|SystemVerilog|TLA|Vala|Vyper|WGSL|
    XQuery|Xojo|YARA|OpenEdge ABL|OpenQASM|ObjectScript|Apollo Guidance Computer|Common Lisp|AppleScript|AutoHotkey|
    Yacc|Kusto|jq`,
};

const english = new Set(json("an-array-of-english-words", "index.json"));
const hand = readFileSync(new URL("skills.txt", here), "utf8");
const squeeze = (name) => name.toLowerCase().replace(/[^\p{L}\p{N}+#]/gu, "");
const listed = new Set(
  hand
    .split("\n")
    .filter((line) => line && !/^(# |\[)/.test(line))
    .flatMap((line) => line.split(/[:,]/))
    .map(squeeze),
);
const names = (text) => text.split("|").map((name) => name.trim());
const isWord = (name) => english.has(name.toLowerCase());
const refused = [];

function write(file, source, entries, allowed) {
  const found = new Map(entries.map((entry) => [entry.name, entry]));
  const lines = [];
  for (const name of [...new Set(allowed)].sort((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1))) {
    const entry = found.get(name);
    if (!entry || isWord(name)) {
      refused.push(`${file}: ${name} ${entry ? "is an English word" : "is not in the list"}`);
      continue;
    }
    if (listed.has(squeeze(name))) continue;
    listed.add(squeeze(name));
    const aliases = entry.aliases.filter(
      (alias) => squeeze(alias).length > 3 && !isWord(alias) && !/[:,]/.test(alias) && !listed.has(squeeze(alias)),
    );
    lines.push(aliases.length ? `${name}: ${aliases.join(", ")}` : name);
  }
  writeFileSync(new URL(file, here), `# ${source} Written by generate.mjs; do not edit.\n${lines.join("\n")}\n`);
}

const icons = json("simple-icons", "data", "simple-icons.json");
write(
  "brands.txt",
  `From simple-icons ${json("simple-icons", "package.json").version} (CC0-1.0).`,
  icons.map(({ title, aliases }) => ({ name: title, aliases: aliases?.aka ?? [] })),
  names(ALLOWED.brands),
);

const linguist = await import(pathToFileURL(join(folder, "linguist-languages", "index.js")));
write(
  "languages.txt",
  `From GitHub Linguist by linguist-languages ${json("linguist-languages", "package.json").version} (MIT, see LICENSES.md).`,
  Object.values(linguist.default ?? linguist).map(({ name, aliases }) => ({ name, aliases: aliases ?? [] })),
  names(ALLOWED.languages),
);

// The same slips of the finger as `misspellings` in src/skills/forms.rs.
function misspellings(name) {
  const wrong = [];
  for (let at = 1; at < name.length; at += 1) {
    const [before, letter, rest] = [name.slice(0, at), name[at], name.slice(at + 1)];
    wrong.push(before + rest, before + letter + letter + rest);
    if (rest) wrong.push(before + rest[0] + letter + rest.slice(1));
    if ("aeiou".includes(letter)) for (const vowel of "aeiou") wrong.push(before + vowel + rest);
  }
  return wrong;
}

const written = ["skills.txt", "brands.txt", "languages.txt"].flatMap((file) =>
  readFileSync(new URL(file, here), "utf8").split(/[\n:,]/),
);
const words = written
  .map((name) => name.trim().toLowerCase())
  .filter((name) => /^[a-z]{6,}$/.test(name))
  .flatMap(misspellings)
  .filter((name) => english.has(name));
const header = `# From an-array-of-english-words ${json("an-array-of-english-words", "package.json").version} (MIT, see LICENSES.md). Written by generate.mjs; do not edit.`;
writeFileSync(new URL("not-misspellings.txt", here), [header, ...[...new Set(words)].sort(), ""].join("\n"));

for (const line of refused) console.error(line);
