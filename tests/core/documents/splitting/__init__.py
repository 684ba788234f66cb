"""Tests of core.documents.splitting."""
