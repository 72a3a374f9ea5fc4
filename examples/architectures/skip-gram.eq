# Skip-gram with negative sampling: words, contexts and negatives are one-hot
# Mikolov, Sutskever, Chen, Corrado and Dean (2013), Distributed representations of words and phrases
X, C: 6 x m input
N[1..3]: 6 x m
U, V: 4 x 6
H = U @ X
L[0] = log(sigmoid(sum(H * (V @ C), axis=0)))
repeat k = 1..3:
    L[k] = L[k-1] + log(sigmoid(-sum(H * (V @ N[k]), axis=0)))
loss = -mean(L[3])
