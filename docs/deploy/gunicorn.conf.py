"""For ``gunicorn --config gunicorn.conf.py``; ``--bind`` and others on the command line go first."""

bind = "127.0.0.1:8000"
wsgi_app = "config.wsgi:application"

# A thread waits for the storage while Copyleaks fetches a picture; results and visitors have others. Nothing is decoded
# in this process.
worker_class = "gthread"
workers = 2
threads = 8

# A callback of 12 MB over a slow line is nginx's to wait for, not ours.
timeout = 60
# A stop lets requests end; systemd and Docker have to wait for longer than this.
graceful_timeout = 30

# nginx keeps the access log. Where this one is on, the app hides the secret addresses in it.
accesslog = None
errorlog = "-"
