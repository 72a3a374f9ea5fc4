# Additive attention of one state to all annotations
# Bahdanau, Cho and Bengio (2015), Neural machine translation by jointly learning to align and translate
H: 4 x 5 input
s: 3 x 1 input
Y: 4 x 1
W: 6 x 3
U: 6 x 4
v: 1 x 6
E = v @ tanh(W @ s + U @ H)
A = softmax(E, axis=1)
c = H @ A.T
loss = sum((c - Y)**2) / 2
