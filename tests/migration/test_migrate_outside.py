"""What rescope migrate meets outside: hooks, signing, templates, remotes and the forge's own command."""

import re
from pathlib import Path

import pytest
from migration.suites import ALL, BRANCH, branches, commit, done, make_repository, only_git, refused, script, subjects

from projects import rescope

# --- hooks, signing, template ---------------------------------------------------------------------


@pytest.mark.parametrize("hook", ["pre-commit", "commit-msg", "prepare-commit-msg"])
def test_a_hook_that_fails(repository: Path, hook: str) -> None:
    """Where a hook refuses, its words are shown, and neither branch nor work tree is left."""
    script(repository / ".git/hooks" / hook, "echo 'no ticket' >&2; exit 1")

    assert "no ticket" in refused(repository)


def test_a_hook_that_fails_late(folders: Path) -> None:
    """A hook that refuses the second of two branches takes the first away, too."""
    script(folders / ".git/hooks/pre-commit", 'case "$(git branch --show-current)" in *-2) echo "not this one"; exit 1;; esac')

    assert "not this one" in refused(folders, "--max-groups", "1")


def test_hooks_see_the_new_branch(repository: Path, tmp_path: Path) -> None:
    """Hooks run once a commit, on the new branch, also those of a folder that git ignores."""
    script(repository / ".husky/_/pre-commit", f"git branch --show-current >> '{tmp_path}/seen'")
    (repository / ".husky/_/.gitignore").write_text("*\n")
    done(repository, "config", "core.hooksPath", ".husky/_")
    rescope(repository, "migrate", "-q")

    assert (tmp_path / "seen").read_text().split() == [BRANCH] * 3


def test_other_hooks_are_not_run(repository: Path, tmp_path: Path) -> None:
    """Making and leaving the temporary work tree runs no hook of a checkout."""
    script(repository / ".git/hooks/post-checkout", f"touch '{tmp_path}/seen'")
    rescope(repository, "migrate", "-q")

    assert subjects(repository, BRANCH) == ALL
    assert not (tmp_path / "seen").exists()


def test_a_hook_that_formats(repository: Path) -> None:
    """A hook that refuses once, and leaves a formatted file, has its way, as when people commit."""
    formats = (
        "for f in $(git diff --cached --name-only); do grep -q '# formatted' $f || { echo '# formatted' >> $f; bad=1; }; done; exit $bad"
    )
    script(repository / ".git/hooks/pre-commit", f"bad=0; {formats}")

    assert rescope(repository, "migrate").returncode == 0
    assert subjects(repository, BRANCH) == ALL
    assert done(repository, "show", f"{BRANCH}:api/conftest.py").endswith("# formatted")


def test_signing(repository: Path, tmp_path: Path) -> None:
    """Commits are signed where the repository says so, and where that fails nothing is left."""
    done(repository, "config", "commit.gpgSign", "true")
    done(repository, "config", "gpg.program", str(script(tmp_path / "no", "exit 1")))
    assert "gpg failed to sign the data" in refused(repository)
    signs = "cat > /dev/null; echo '[GNUPG:] SIG_CREATED D' >&2; printf -- '-----BEGIN PGP SIGNATURE-----\\n-----END PGP SIGNATURE-----\\n'"
    done(repository, "config", "gpg.program", str(script(tmp_path / "yes", signs)))
    rescope(repository, "migrate", "-q")

    assert done(repository, "cat-file", "commit", BRANCH).count("BEGIN PGP SIGNATURE") == 1


def test_no_identity(repository: Path) -> None:
    """Where git does not know who commits, it says so, and nothing is left."""
    done(repository, "config", "user.useConfigOnly", "true")
    done(repository, "config", "--unset", "user.email")

    assert "Please tell me who you are" in refused(repository)


def test_commit_template(repository: Path) -> None:
    """The text of the commit template stands below each message, without its comments."""
    (repository / ".gitmessage").write_text("# Why?\nTicket: none\n")
    commit(repository, "Template")
    done(repository, "config", "commit.template", ".gitmessage")
    rescope(repository, "migrate", "-q")

    for message in done(repository, "log", "--format=%B%x00", f"main..{BRANCH}").split("\0")[:3]:
        assert message.strip().endswith("Ticket: none")
        assert "Why?" not in message


def test_git_variables_of_a_hook_do_not_mislead(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run from a hook of another repository, it is still this one that gets the branch."""
    other = make_repository(tmp_path / "other", "# --- a.py\n")
    with monkeypatch.context() as patch:
        patch.setenv("GIT_DIR", str(other / ".git"))
        patch.setenv("GIT_INDEX_FILE", str(other / ".git/index"))
        result = rescope(repository, "migrate")

    assert (result.returncode, branches(other), branches(repository)) == (0, ["main"], ["main", BRANCH])


# --- push and pull requests -----------------------------------------------------------------------


def test_push(repository: Path, tmp_path: Path) -> None:
    """The branch goes to the remote and follows it; what is left to type is the pull request."""
    result = rescope(repository, "migrate", "--push", "origin")

    assert subjects(tmp_path / "remote.git", BRANCH) == ALL
    assert done(repository, "rev-parse", "--abbrev-ref", f"{BRANCH}@{{upstream}}") == f"origin/{BRANCH}"
    assert "git push" not in result.stderr
    assert f"gh pr create --head {BRANCH} --base main --title 'Isolate tests: " in result.stderr


def test_commands_are_printed(repository: Path) -> None:
    """Without --push the commands to type are told, and do what they say."""
    result = rescope(repository, "migrate", "--body-file", "../body.md")
    (push,) = re.findall(r"^  git (push .*)$", result.stderr, re.MULTILINE)
    done(repository, *push.split())

    assert (result.stdout, subjects(repository, f"origin/{BRANCH}")) == ("", ALL)
    assert "--body-file ../body.md" in result.stderr
    assert "### What leaked" in (repository.parent / "body.md").read_text()


def test_push_to_a_remote_that_is_not_there(repository: Path) -> None:
    """A remote that cannot be reached, or has the branch, is told before anything is made."""
    assert "nowhere" in refused(repository, "--push", "nowhere")
    done(repository, "push", "-q", "origin", f"main:{BRANCH}")
    assert f"origin has a branch {BRANCH} already" in refused(repository, "--push", "origin")


def test_a_push_that_fails_keeps_the_branch(repository: Path) -> None:
    """A refusal of the remote is shown; the commits stay, and the commands to go on are told."""
    script(repository / ".git/hooks/pre-push", "echo 'not today' >&2; exit 1")
    result = rescope(repository, "migrate", "--push", "origin")

    assert (result.returncode, subjects(repository, BRANCH)) == (2, ALL)
    assert "not today" in result.stderr
    assert f"git push --set-upstream origin {BRANCH}" in result.stderr
    assert "### What leaked" in result.stdout


def test_create_pr(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """gh gets branch, base and title, and the text on its standard input."""
    path = only_git(tmp_path / "bin")
    script(tmp_path / "bin/gh", f"printf '%s\\n' \"$@\" > '{tmp_path}/arguments'; cat > '{tmp_path}/text'; echo https://example.com/1")
    with monkeypatch.context() as patch:
        patch.setenv("PATH", path)
        result = rescope(repository, "migrate", "--push", "origin", "--create-pr")

    assert (result.returncode, result.stderr.splitlines()[-1]) == (0, "https://example.com/1")
    arguments = (tmp_path / "arguments").read_text().splitlines()
    assert arguments[:6] == ["pr", "create", "--head", BRANCH, "--base", "main"]
    assert arguments[-2:] == ["--body-file", "-"]
    assert (tmp_path / "text").read_text() == result.stdout


def test_create_pr_without_gh(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without gh the branch is pushed all the same, and the command to type is told."""
    with monkeypatch.context() as patch:
        patch.setenv("PATH", only_git(tmp_path / "bin"))
        result = rescope(repository, "migrate", "--push", "origin", "--create-pr")

    assert result.returncode == 0
    assert "gh is not installed" in result.stderr
    assert f"gh pr create --head {BRANCH}" in result.stderr


def test_links_of_a_forge(repository: Path) -> None:
    """With a remote at GitHub, links lead to the lines of the commit that was looked at."""
    done(repository, "remote", "set-url", "origin", "git@github.com:org/project.git")
    text = rescope(repository, "migrate").stdout

    assert f"(https://github.com/org/project/blob/{done(repository, 'rev-parse', 'HEAD')}/api/conftest.py#L" in text
