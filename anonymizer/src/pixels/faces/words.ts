/**
 * Words for parts of the body in headers: Body Part Examined (PS3.16 annex L), code meanings, descriptions,
 * protocols, in English and Korean. What is not named as a whole word counts only where it says so.
 */

/** Includes the face, or most of it. */
export const HEAD_WORDS =
  /\b(heads?|brains?|cerebr\w*|cereb|cranium|cranial|crani?o|skulls?|face|facial|maxillofacial|mfct|orbit(s|al|a)?|eyes?|ocular|para-?nasal|pns|sinus(es)?|sella|pituitary|hypophys\w*|jaws?|mandib\w*|maxill\w*|zygoma\w*|nose|nasal|ears?|mastoids?|temporal bones?|tmj|iac|iam|iams|dental|dento\w*|teeth|cbct|headneck|neuro\w*|nasophar\w*|orophar\w*|parotid|salivary|tongue|oral|cisternogra\w*|stroke|circle of willis|cow|whole ?-?body|wholebody|tot(al)? ?-?b(ody)?|totbody|tete|cerveau|kopf|schaedel|schadel|gehirn|cabeza|cerebro|cranio|testa|encefalo)\b|두부|두경부|두개|뇌|머리|안면|얼굴|부비동|측두골|안와|안구|턱|하악|상악|비골|치아|치과|구강|이하선|뇌하수체|내이도|전신/u

/** Ends at or begins near the face: the frames decide. */
export const NEAR_WORDS =
  /\b(neck|cervical|c-?spine|cspine|carotids?|thyroid|larynx|pharynx|collo|hals)\b|경부|경추|경동맥|갑상선|후두|인두|목/u

/** No face in a field of view that is about these. */
export const OTHER_WORDS =
  /\b(chest|thora\w*|lungs?|pulmon\w*|heart|cardiac|coronar\w*|breasts?|mamma\w*|ribs?|sternum|abdom\w*|liver|hepat\w*|pancreas|spleen|kidneys?|renal|adrenals?|bowel|colon\w*|rectum|rectal|pelvi\w*|prostate|uterus|ovar\w*|bladder|urogra\w*|hips?|femur|femoral|legs?|knees?|ankles?|foot|feet|tibia|fibula|shoulders?|arms?|elbows?|wrists?|hands?|humer\w*|forearms?|finger|extremit\w*|t-?spine|l-?spine|tspine|lspine|lumbar|lumbosacral|lspine|sacrum|aorta|bacino|oberbauch|calcium|smartscore)\b|흉부|가슴|폐|심장|관상동맥|유방|복부|간|췌장|신장|골반|전립선|자궁|방광|고관절|대퇴|무릎|발목|어깨|팔꿈치|손목|요추|흉추|대동맥|하지|상지/u

/** Where the words of the head mean something else. */
export const NOT_THE_HEAD =
  /\bhead[ -]?first\b|\b(femoral|humeral|radial|fibular|metatarsal|metacarpal|pancrea(s|tic)) heads?\b|\bheads? of (the )?(pancreas|femur|humerus|radius|fibula)\b|\b(coronary|carotid) sinus(es)?\b|\boral (contrast|agent)\b|\bhead ?coil\b|대퇴골?두부|대퇴골 ?머리|췌장 ?(두부|머리)/gu
