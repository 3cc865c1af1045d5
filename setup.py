"""What setup.cfg cannot say: `config/` lies beside the code but travels in it, as `hub._config`."""

from setuptools import find_namespace_packages, setup

code = find_namespace_packages(
    include=["hub", "hub.*", "plugins", "plugins.*", "connectors", "connectors.*"],
    exclude=["*.__pycache__", "*.__pycache__.*"],
)
setup(packages=[*code, "hub._config"], package_dir={"hub._config": "config"})
