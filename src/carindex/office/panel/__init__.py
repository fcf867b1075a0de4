"""The international expert panel: who is appointed for how long, the balance of the panel, conflicts of interest.

The numbers of the balance are the organisation's (`PanelRules`, set as data); what is enforced here is that an
appointment which breaks them is refused, and that a conflict of interest keeps an expert out.
"""
