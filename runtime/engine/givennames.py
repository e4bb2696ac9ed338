"""Given names that people here are often called, for masking what nobody announced: none that is an English word as well."""

from __future__ import annotations

_NAMES = """
aaron abdul abigail adam adnan adrian aisha alan albert alexander alexandra alfie alice alison amanda amelia amir amy
andrea andrei andrew aneta angela anita anna anne annie anthony arthur asif barbara benjamin bernard beth bethany bogdan
brian bronwen callum cameron carol caroline catherine ceri charles charlotte chloe christine christopher claire clare colin
connor craig cristian cristina dafydd daniel danielle darren david deborah debbie declan denise derek diane donald donna
dorothy douglas duncan edward eileen elaine elena eleanor elizabeth ella ellie emily emma eric erin esther ethan evelyn ewa
fatima fiona florin francesca gareth gary gavin gemma geoffrey george geraint gheorghe gillian gordon graham gwen hannah
harpreet harriet hassan hayley hazel heather helen henry howard hussain ian imran ioan ioana ion isabel isabella jacob
jacqueline jake james jamie jan jane janet janice jason jennifer jenny jeremy jessica joan joanna joanne john jonathan
jordan joseph joshua joyce judith julia julie karen katarzyna kate katherine kathleen katie keith kelly kenneth kerry kevin
kieran kim krzysztof lauren laura leanne lee leon lesley lewis liam linda lisa lorraine louise lucy luke lynn lynne
maciej malcolm malgorzata marek margaret maria marie marion marius martin mary matthew maureen megan mehmet michael
michelle mihai mohammad mohammed monika muhammad naomi natalie natasha neil nia nicholas nicola nigel oliver olivia owen
pamela patricia patrick paul pauline pawel peter philip phoebe piotr rachel rebecca rhian rhys richard robert roger ronald
rosemary russell ruth ryan sally samantha samira samuel sandra sarah sean sharon sheila shirley sian simon sioned siobhan
sophie stacey stanley stefan stephen stephanie steven stewart stuart susan suzanne sylvia szymon tania tanya teresa
thomas timothy tomasz tracey tracy valerie vasile veronica victoria vincent vivian waqar wayne wendy william yasmin yusuf
yvonne zoe zubeida
"""
GIVEN_NAMES = frozenset(_NAMES.split())
# Names that are words as well: a name only behind words that introduce somebody.
_WORDS_TOO = """
mark will bill jack sue pat rob bob dean frank grant grace rose may april june ray joe sam ben tom tim jim dan nick chris
alex mike steve tony andy harry charlie max josh matt ali khan
"""
INTRODUCED = GIVEN_NAMES | frozenset(_WORDS_TOO.split())
