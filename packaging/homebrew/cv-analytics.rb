class CvAnalytics < Formula
  desc "Analytics for the AI agents that people put in front of the public"
  homepage "{homepage}"
  version "{version}"
  license any_of: ["MIT", "Apache-2.0"]

  on_macos do
    on_arm do
      url "{url:aarch64-apple-darwin}"
      sha256 "{sha256:aarch64-apple-darwin}"
    end
    on_intel do
      url "{url:x86_64-apple-darwin}"
      sha256 "{sha256:x86_64-apple-darwin}"
    end
  end
  on_linux do
    on_arm do
      url "{url:aarch64-unknown-linux-musl}"
      sha256 "{sha256:aarch64-unknown-linux-musl}"
    end
    on_intel do
      url "{url:x86_64-unknown-linux-musl}"
      sha256 "{sha256:x86_64-unknown-linux-musl}"
    end
  end

  def install
    bin.install "cv-analytics"
    man1.install Dir["man/*.1"]
    bash_completion.install "completions/cv-analytics.bash" => "cv-analytics"
    zsh_completion.install "completions/_cv-analytics"
    fish_completion.install "completions/cv-analytics.fish"
  end

  service do
    run [opt_bin/"cv-analytics", "serve"]
    environment_variables CV_ANALYTICS_DATA: var/"lib/cv-analytics"
    working_dir etc/"cv-analytics"
    keep_alive true
    error_log_path var/"log/cv-analytics.log"
  end

  def post_install
    (etc/"cv-analytics").mkpath
    (var/"lib").mkpath
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/cv-analytics --version")
    assert_match "Kubernetes", pipe_output("#{bin}/cv-analytics skills match", "Do you know k8s?\n")
  end
end
