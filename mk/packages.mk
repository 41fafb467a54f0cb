# Debian packages: installed when we are root, else the one command that installs them is printed.
# The lists are scripts/apt-packages/<set>.

.PHONY: packages-build packages-build-arm64 packages-demo packages-test packages-check packages-cov packages-man packages-bench
packages-build packages-build-arm64 packages-demo packages-test packages-check packages-cov packages-man packages-bench: packages-%:
	@scripts/need-packages $*
