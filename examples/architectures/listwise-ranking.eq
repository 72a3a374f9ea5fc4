# A list of documents in the order in which it should stand: the likelihood of a permutation
# Xia, Liu, Wang, Zhang and Li (2008), Listwise approach to learning to rank
X: 4 x 5 input
W: 6 x 4
v: 1 x 6
s = v @ relu(W @ X)
L[0] = zeros(1, 1)
repeat k = 1..5:
    L[k] = L[k-1] + logsumexp(s[:, k-1:5]) - s[:, k-1:k]
loss = L[5]
