"""Peers of the agent under test: AWS, a Docker engine, a proxy in front of a real one, a name server."""
