"""`python -m crm_analytics` is `crm`."""

from crm_analytics.cli import main

if __name__ == "__main__":
    main()
